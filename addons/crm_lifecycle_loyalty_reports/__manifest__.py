{
    "name": "Customer Lifecycle: Loyalty Reports",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Loyalty tier as a dimension of all reports of the lifecycle",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_loyalty", "crm_lifecycle_reports"],
    "data": ["report/crm_lifecycle_report_views.xml"],
    "auto_install": True,
}
