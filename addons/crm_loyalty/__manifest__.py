{
    "name": "Loyalty Points Ledger",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "summary": "Points as a ledger: expiry, return windows, approvals, nightly proof",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["loyalty"],
    "data": [
        "security/crm_loyalty_security.xml",
        "security/ir.model.access.csv",
    ],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
