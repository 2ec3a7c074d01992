{
    "name": "Translated Sample Dashboards",
    "version": "19.0.1.0.0",
    "category": "Productivity/Dashboard",
    "summary": "Sample data of dashboards in the language of the user",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["spreadsheet_dashboard"],
}
