{
    "name": "Customer Lifecycle: Email Marketing",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Mailings on the timeline of the customer",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle", "mass_mailing"],
    "auto_install": True,
}
