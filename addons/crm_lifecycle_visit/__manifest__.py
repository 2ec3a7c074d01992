{
    "name": "Customer Lifecycle: Return Visits",
    "version": "19.0.1.1.0",
    "category": "Sales/CRM",
    "summary": "Calls and visits every so many days, by stage, with their results",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle"],
    "data": [
        "security/crm_lifecycle_visit_security.xml",
        "security/ir.model.access.csv",
        "data/mail_activity_type_data.xml",
        "views/crm_lifecycle_visit_views.xml",
        "views/crm_lifecycle_profile_views.xml",
        "views/crm_lifecycle_stage_views.xml",
        "views/crm_lifecycle_visit_menus.xml",
    ],
    "demo": ["demo/crm_lifecycle_visit_demo.xml"],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_visit/static/tests/tours/**/*"],
    },
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
