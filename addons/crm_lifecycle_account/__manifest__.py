{
    "name": "Customer Lifecycle: Invoicing",
    "version": "19.0.2.0.0",
    "category": "Sales/CRM",
    "summary": "Invoices as purchases, payments and debts of the customer lifecycle",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_purchase", "crm_lifecycle", "account"],
    "data": [
        "views/account_move_views.xml",
        "views/crm_lifecycle_profile_views.xml",
        "views/crm_lifecycle_stage_views.xml",
        "views/res_partner_views.xml",
    ],
    "demo": ["demo/crm_lifecycle_tag_demo.xml"],
    "auto_install": ["crm_lifecycle", "account"],
    "post_init_hook": "read_all_documents",
    "uninstall_hook": "uninstall_hook",
}
