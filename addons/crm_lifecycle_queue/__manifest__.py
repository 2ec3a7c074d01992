{
    "name": "Customer Lifecycle: Job Queue",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Big lifecycle runs as jobs, over all workers and Odoo servers",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle", "queue_job"],
    "data": [
        "data/ir_config_parameter_data.xml",
        "data/queue_job_data.xml",
        "views/crm_lifecycle_run_views.xml",
    ],
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
}
