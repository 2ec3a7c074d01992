{
    "name": "Customer Lifecycle: Service Reports",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Tickets, first answers and satisfaction by stage, with a dashboard",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_reports", "crm_lifecycle_service"],
    "data": [
        "security/crm_lifecycle_service_reports_security.xml",
        "security/ir.model.access.csv",
        "report/crm_lifecycle_ticket_report_views.xml",
        "views/crm_lifecycle_service_reports_menus.xml",
        "data/spreadsheet_dashboard_data.xml",
    ],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_service_reports/static/tests/tours/**/*"],
    },
    "auto_install": True,
}
