{
    "name": "Customer Lifecycle: Loyalty Reports",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Loyalty tiers in the reports of the lifecycle, points by customer",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_documents", "crm_lifecycle_loyalty"],
    "data": [
        "security/crm_lifecycle_loyalty_reports_security.xml",
        "report/crm_lifecycle_report_views.xml",
        "report/crm_loyalty_points_report_views.xml",
        "report/loyalty_statement_report.xml",
    ],
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
}
