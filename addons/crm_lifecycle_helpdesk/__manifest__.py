{
    "name": "Customer Lifecycle: Helpdesk",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "Helpdesk tickets of the OCA as tickets of the customer lifecycle",
    "author": "Customer Lifecycle for Odoo",
    "license": "AGPL-3",
    "depends": ["crm_lifecycle_service", "helpdesk_mgmt"],
    "data": [
        "views/crm_lead_views.xml",
        "views/crm_lifecycle_profile_views.xml",
        "views/crm_lifecycle_ticket_rule_views.xml",
        "views/helpdesk_ticket_views.xml",
        "views/res_partner_views.xml",
    ],
    "demo": ["demo/crm_lifecycle_helpdesk_demo.xml"],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_helpdesk/static/tests/tours/**/*"],
    },
    "auto_install": True,
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
