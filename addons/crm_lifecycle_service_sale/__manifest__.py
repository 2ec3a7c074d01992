{
    "name": "Customer Lifecycle: Service and Sales",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Service tickets from the orders of a customer",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_service", "crm_lifecycle_sale"],
    "auto_install": True,
}
