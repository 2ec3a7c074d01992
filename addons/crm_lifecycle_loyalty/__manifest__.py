{
    "name": "Customer Lifecycle: Loyalty",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Points and tier as facts of the lifecycle, stages as a condition",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle", "crm_loyalty"],
    "data": [
        "views/crm_lifecycle_profile_views.xml",
        "views/res_partner_views.xml",
        "views/loyalty_views.xml",
    ],
    "auto_install": True,
    "post_init_hook": "schedule_full_rebuild",
    "uninstall_hook": "schedule_full_rebuild",
}
