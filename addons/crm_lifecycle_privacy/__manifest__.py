{
    "name": "Customer Lifecycle: Privacy",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "What the lifecycle keeps on a person, in Odoo's privacy look-up",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle", "privacy_lookup"],
    "auto_install": True,
}
