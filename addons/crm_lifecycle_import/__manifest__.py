{
    "name": "Customer Lifecycle: Import",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Import customers with their stages, and lifecycles from files",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle", "base_import"],
    "data": [
        "security/ir.model.access.csv",
        "wizard/crm_lifecycle_import_views.xml",
        "views/crm_lifecycle_views.xml",
    ],
    "auto_install": True,
}
