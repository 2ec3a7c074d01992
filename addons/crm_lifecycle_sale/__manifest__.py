{
    "name": "Customer Lifecycle: Sales",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Orders and quotations as facts of the customer lifecycle",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle", "sale"],
    "data": [
        "views/crm_lifecycle_profile_views.xml",
        "views/res_partner_views.xml",
        "views/sale_order_views.xml",
    ],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_sale/static/tests/tours/**/*"],
    },
    "auto_install": True,
    "post_init_hook": "schedule_full_rebuild",
    "uninstall_hook": "schedule_full_rebuild",
}
