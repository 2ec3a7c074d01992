{
    "name": "Customer Lifecycle: Webhooks",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Notify other systems of each move of a customer",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle"],
    "data": [
        "data/ir_cron_data.xml",
        "views/crm_lifecycle_webhook_views.xml",
    ],
}
