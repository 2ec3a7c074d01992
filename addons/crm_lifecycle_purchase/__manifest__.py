{
    "name": "Customer Lifecycle: Purchases",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "One ledger of what customers bought, from every channel",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle"],
    "data": [
        "security/ir.model.access.csv",
        "security/crm_lifecycle_purchase_security.xml",
        "views/crm_lifecycle_purchase_views.xml",
        "views/crm_lifecycle_purchase_import_views.xml",
        "views/crm_lifecycle_profile_views.xml",
        "views/res_partner_views.xml",
    ],
    "post_init_hook": "schedule_full_rebuild",
    "uninstall_hook": "schedule_full_rebuild",
}
