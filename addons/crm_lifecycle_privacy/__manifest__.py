{
    "name": "Customer Lifecycle: Privacy",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Find, hand out and erase what the lifecycle keeps on a person",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle", "privacy_lookup"],
    "data": [
        "security/ir.model.access.csv",
        "data/ir_cron_data.xml",
        "views/crm_lifecycle_privacy_views.xml",
        "report/crm_lifecycle_personal_data_report.xml",
    ],
    "auto_install": ["crm_lifecycle"],
}
