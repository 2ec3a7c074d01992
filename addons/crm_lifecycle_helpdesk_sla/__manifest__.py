{
    "name": "Customer Lifecycle: Helpdesk SLA",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Missed service levels as facts of the customer lifecycle",
    "author": "Customer Lifecycle for Odoo",
    "license": "AGPL-3",
    "depends": ["crm_lifecycle_helpdesk", "helpdesk_mgmt_sla"],
    "data": ["views/crm_lifecycle_profile_views.xml"],
    "auto_install": True,
    "post_init_hook": "schedule_full_rebuild",
    "uninstall_hook": "schedule_full_rebuild",
}
