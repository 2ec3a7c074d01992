{
    "name": "Customer Lifecycle: Point of Sale",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Till orders as purchases of the customer lifecycle",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_purchase", "crm_lifecycle", "point_of_sale"],
    "data": ["views/pos_order_views.xml"],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_pos/static/tests/tours/**/*"],
    },
    "auto_install": ["crm_lifecycle", "point_of_sale"],
    "post_init_hook": "read_all_documents",
    "uninstall_hook": "uninstall_hook",
}
