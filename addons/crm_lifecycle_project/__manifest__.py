{
    "name": "Customer Lifecycle: Project",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Tasks of service projects as tickets of the customer lifecycle",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle_service", "project"],
    "data": [
        "views/crm_lead_views.xml",
        "views/crm_lifecycle_profile_views.xml",
        "views/project_project_views.xml",
        "views/project_task_views.xml",
        "views/res_partner_views.xml",
    ],
    "demo": ["demo/crm_lifecycle_project_demo.xml"],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_project/static/tests/tours/**/*"],
    },
    "auto_install": True,
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
