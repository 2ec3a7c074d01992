{
    "name": "Customer Lifecycle: Sales",
    "version": "19.0.2.0.0",
    "category": "Sales/CRM",
    "summary": "Orders as purchases and quotations as facts of the lifecycle",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_purchase", "crm_lifecycle", "sale"],
    "data": [
        "views/crm_lifecycle_profile_views.xml",
        "views/sale_order_views.xml",
    ],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_sale/static/tests/tours/**/*"],
    },
    "auto_install": ["crm_lifecycle", "sale"],
    "post_init_hook": "read_all_documents",
    "uninstall_hook": "uninstall_hook",
}
