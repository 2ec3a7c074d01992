{
    "name": "Loyalty Points Ledger: Point of Sale",
    "version": "19.0.1.0.0",
    "category": "Sales/Point of Sale",
    "summary": "Points of the till: posted with their order, and once",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_loyalty", "pos_loyalty"],
    "auto_install": True,
}
