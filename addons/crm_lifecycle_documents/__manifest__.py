{
    "name": "Customer Lifecycle: Documents",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Printed reports on customers and periods, and the same by mail",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_reports"],
    "data": [
        "security/crm_lifecycle_mailing_security.xml",
        "security/ir.model.access.csv",
        "data/ir_cron_data.xml",
        "report/crm_lifecycle_print_templates.xml",
        "report/crm_lifecycle_customer_report.xml",
        "report/crm_lifecycle_period_report.xml",
        "report/crm_lifecycle_warning_report.xml",
        "wizard/crm_lifecycle_print_views.xml",
        "views/crm_lifecycle_mailing_views.xml",
    ],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_documents/static/tests/tours/**/*"],
    },
    "auto_install": True,
}
