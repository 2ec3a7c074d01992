{
    "name": "Customer Lifecycle",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "One stage from first contact to won back, moved by rules, explained",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm"],
    "data": [
        "security/crm_lifecycle_security.xml",
        "security/ir.model.access.csv",
        "data/ir_cron_data.xml",
    ],
    "application": True,
    "uninstall_hook": "uninstall_hook",
}
