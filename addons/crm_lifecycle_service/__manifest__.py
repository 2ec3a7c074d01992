{
    "name": "Customer Lifecycle: Service",
    "version": "19.0.1.1.0",
    "category": "Sales/CRM",
    "summary": "Service tickets and their ratings as facts of the customer lifecycle",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle", "rating"],
    "data": [
        "security/crm_lifecycle_service_security.xml",
        "security/ir.model.access.csv",
        "views/crm_lifecycle_profile_views.xml",
        "views/crm_lifecycle_ticket_rule_views.xml",
        "views/res_partner_views.xml",
    ],
    "demo": ["demo/crm_lifecycle_ticket_rule_demo.xml"],
    "post_init_hook": "schedule_full_rebuild",
    "uninstall_hook": "schedule_full_rebuild",
}
