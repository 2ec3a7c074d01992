{
    "name": "Loyalty Points Ledger: Sales",
    "version": "19.0.1.1.0",
    "category": "Sales/Sales",
    "summary": "Points of orders: earned, spent, pending, and taken back on returns",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_loyalty", "sale_loyalty"],
    "data": [
        "security/crm_loyalty_sale_security.xml",
        "security/ir.model.access.csv",
        "data/ir_cron_data.xml",
        "views/loyalty_program_views.xml",
    ],
    "auto_install": True,
}
