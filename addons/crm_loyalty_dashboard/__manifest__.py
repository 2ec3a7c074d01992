{
    "name": "Loyalty Points Dashboard",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "summary": "Points, tiers and liability in the Dashboards app and in digest mails",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": [
        "crm_loyalty",
        "digest",
        "spreadsheet_dashboard",
        "spreadsheet_dashboard_sample_translation",
    ],
    "data": ["data/spreadsheet_dashboard_data.xml", "views/digest_views.xml"],
    "assets": {
        "web.assets_tests": ["crm_loyalty_dashboard/static/tests/tours/**/*"],
    },
    "auto_install": ["crm_loyalty", "spreadsheet_dashboard"],
}
