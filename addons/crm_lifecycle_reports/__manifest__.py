{
    "name": "Customer Lifecycle: Reports",
    "version": "19.0.1.1.0",
    "category": "Sales/CRM",
    "summary": "Funnel, cohorts, time in stages, growth: read only, from the history",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": [
        "crm_lifecycle",
        "spreadsheet_dashboard",
        "spreadsheet_dashboard_sample_translation",
    ],
    "data": [
        "security/crm_lifecycle_reports_security.xml",
        "security/ir.model.access.csv",
        "report/crm_lifecycle_stage_report_views.xml",
        "report/crm_lifecycle_growth_report_views.xml",
        "report/crm_lifecycle_playbook_report_views.xml",
        "report/crm_lifecycle_customer_report_views.xml",
        "views/crm_lifecycle_reports_menus.xml",
        "data/digest_data.xml",
        "data/ir_cron_turn_data.xml",
        "data/spreadsheet_dashboard_data.xml",
        "views/spreadsheet_dashboard_views.xml",
        "views/digest_views.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "crm_lifecycle_reports/static/src/**/*",
            ("remove", "crm_lifecycle_reports/static/src/dashboard/**/*"),
        ],
        # Loaded when the first dashboard opens.
        "spreadsheet.o_spreadsheet": [
            "crm_lifecycle_reports/static/src/dashboard/**/*",
        ],
        "web.assets_tests": ["crm_lifecycle_reports/static/tests/tours/**/*"],
    },
}
