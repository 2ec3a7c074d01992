{
    "name": "Customer Lifecycle: Purchase Reports",
    "version": "19.0.2.0.0",
    "category": "Sales/CRM",
    "summary": "Purchase cohorts, repeat purchases and revenue by stage",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_reports", "crm_lifecycle_purchase"],
    "data": [
        "security/crm_lifecycle_purchase_reports_security.xml",
        "security/ir.model.access.csv",
        "data/ir_cron_data.xml",
        "report/crm_lifecycle_purchase_report_views.xml",
        "report/crm_lifecycle_customer_report_views.xml",
        "views/crm_lifecycle_purchase_reports_menus.xml",
    ],
    "auto_install": True,
    "post_init_hook": "post_init_hook",
}
