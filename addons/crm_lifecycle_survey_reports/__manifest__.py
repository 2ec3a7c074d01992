{
    "name": "Customer Lifecycle: Satisfaction Dashboard",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "NPS in the Dashboards app and in digest mails",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_reports", "crm_lifecycle_survey"],
    "data": ["data/spreadsheet_dashboard_data.xml", "views/digest_views.xml"],
    "auto_install": True,
}
