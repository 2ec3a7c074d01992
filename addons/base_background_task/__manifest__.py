{
    "name": "Background Tasks",
    "version": "19.0.1.0.0",
    "category": "Technical",
    "summary": "Long work in the background, with progress, cancel and notification",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["base_rename", "mail"],
    "data": [
        "security/background_task_security.xml",
        "security/ir.model.access.csv",
        "views/background_task_views.xml",
        "data/ir_cron_data.xml",
    ],
    "assets": {
        "web.assets_backend": ["base_background_task/static/src/**/*"],
        "web.assets_tests": ["base_background_task/static/tests/tours/**/*"],
    },
    "pre_init_hook": "pre_init_hook",
    "uninstall_hook": "uninstall_hook",
}
