{
    "name": "Customer Lifecycle: Satisfaction Dashboard",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "NPS in the Dashboards app and in digest mails",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_reports", "crm_lifecycle_survey"],
    "data": [
        "report/crm_lifecycle_satisfaction_report_views.xml",
        "data/spreadsheet_dashboard_data.xml",
        "views/digest_views.xml",
    ],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_survey_reports/static/tests/tours/**/*"],
    },
    "auto_install": True,
}
