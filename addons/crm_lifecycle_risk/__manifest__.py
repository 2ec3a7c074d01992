{
    "name": "Customer Lifecycle: Risk Cases",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "summary": "A case for each customer at risk: reason, plan, owner, outcome",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["crm_lifecycle"],
    "data": [
        "security/crm_lifecycle_risk_security.xml",
        "security/ir.model.access.csv",
        "data/crm_lifecycle_risk_reason_data.xml",
        "views/crm_lifecycle_risk_reason_views.xml",
        "views/crm_lifecycle_risk_case_views.xml",
        "views/crm_lifecycle_profile_views.xml",
        "views/crm_lifecycle_stage_views.xml",
        "views/crm_lifecycle_step_views.xml",
        "views/res_partner_views.xml",
        "views/crm_lifecycle_risk_menus.xml",
    ],
    "assets": {
        "web.assets_tests": ["crm_lifecycle_risk/static/tests/tours/**/*"],
    },
}
