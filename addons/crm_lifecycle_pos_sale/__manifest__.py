{
    "name": "Customer Lifecycle: Orders of Sales at the Till",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Orders of Sales that are settled at the till count once",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_pos", "crm_lifecycle_sale", "pos_sale"],
    "auto_install": True,
    "post_init_hook": "read_all_documents",
    "uninstall_hook": "read_all_documents",
}
