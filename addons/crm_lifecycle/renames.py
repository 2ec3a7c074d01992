"""Names that changed with version 19.0.2.0.0, of this addon and of its bridges.

The migration applies them to the database, and a lifecycle from an earlier file or
version is read by them.
"""

from odoo.addons.base_rename.rename import Renames

MODELS = {
    "crm.lifecycle.touch": "crm.lifecycle.pending",
    "crm.lifecycle.stay": "crm.lifecycle.stage.duration",
    "crm.lifecycle.visit.report": "crm.lifecycle.stage.report",
    "crm.lifecycle.turn.mark": "crm.lifecycle.growth.watermark",
    "crm.lifecycle.turn": "crm.lifecycle.growth.event",
    "crm.lifecycle.step.report": "crm.lifecycle.playbook.report",
    "crm.lifecycle.step": "crm.lifecycle.playbook.log",
    "crm.lifecycle.subject": "crm.lifecycle.profile.mixin",
    "crm.lifecycle.document": "crm.lifecycle.customer.mixin",
    "crm.lifecycle.paper": "crm.lifecycle.print.mixin",
    "report.crm_lifecycle_reports.warning": "report.crm_lifecycle_documents.warning",
    "report.crm_lifecycle_reports.period": "report.crm_lifecycle_documents.period",
    "report.crm_lifecycle_reports.customer": "report.crm_lifecycle_documents.customer",
    "report.crm_lifecycle_reports.contact": "report.crm_lifecycle_documents.contact",
}
FIELDS = {
    "project.project": {
        "is_service_desk": "lifecycle_is_service_desk",
    },
    "project.task": {
        "is_service_ticket": "lifecycle_is_service_ticket",
    },
    "ir.actions.report": {
        "is_paged": "lifecycle_is_paged",
    },
    "spreadsheet.dashboard": {
        "refresh_seconds": "lifecycle_refresh_seconds",
    },
    "survey.question": {
        "satisfaction_kind": "lifecycle_satisfaction_kind",
    },
    "crm.lead": {
        "helpdesk_ticket_number": "lifecycle_helpdesk_ticket_number",
        "service_task_count": "lifecycle_service_task_count",
    },
    "crm.lifecycle.ticket.customer": {
        "helpdesk_ticket_number": "lifecycle_helpdesk_ticket_number",
        "service_task_count": "lifecycle_service_task_count",
    },
    "crm.lifecycle.profile.mixin": {
        "helpdesk_ticket_number": "lifecycle_helpdesk_ticket_number",
        "service_task_count": "lifecycle_service_task_count",
    },
    "res.partner": {
        "helpdesk_ticket_number": "lifecycle_helpdesk_ticket_number",
        "service_task_count": "lifecycle_service_task_count",
    },
    "res.users": {
        "helpdesk_ticket_number": "lifecycle_helpdesk_ticket_number",
        "service_task_count": "lifecycle_service_task_count",
    },
    "sale.order": {
        "helpdesk_ticket_number": "lifecycle_helpdesk_ticket_number",
        "service_task_count": "lifecycle_service_task_count",
    },
    "crm.lifecycle.profile": {
        "helpdesk_ticket_number": "lifecycle_helpdesk_ticket_number",
        "playbook_step_ids": "playbook_log_ids",
        "service_task_count": "lifecycle_service_task_count",
        "stay_ids": "stage_duration_ids",
    },
    "crm.lifecycle.history": {
        "step_ids": "playbook_log_ids",
    },
    "crm.lifecycle.stage.duration": {
        "visit_count": "entry_count",
    },
}
TEMPLATE_CODES = {
    "t1": "nurture",
    "t2": "relationship",
    "t3": "service",
    "t4a": "activity",
    "t4b": "growth",
    "t5": "advocacy",
}
# Columns with conditions that users wrote.
DOMAINS = (
    ("crm_lifecycle", "domain", "crm.lifecycle.profile"),
    ("crm_lifecycle_rule", "domain", "crm.lifecycle.profile"),
    ("crm_lifecycle_tag", "domain", "crm.lifecycle.profile"),
    ("crm_lifecycle_ticket_rule", "domain", "crm.lifecycle.profile"),
)


def _keep(*names):
    return {name: name for name in names}


_LOG_VIEW = "crm_lifecycle_playbook_log_view"
# XML ids of records that went to another addon, with the names that they have there.
# Odoo itself makes those of models, fields, selections and constraints again.
MOVED = {
    ("crm_lifecycle", "crm_lifecycle_webhook"): _keep(
        "crm_lifecycle_view_form_webhook",
        "ir_cron_webhook",
        "ir_cron_webhook_ir_actions_server",
    )
    | {
        "crm_lifecycle_step_view_list_webhook": f"{_LOG_VIEW}_list_webhook",
        "crm_lifecycle_step_view_search_webhook": f"{_LOG_VIEW}_search_webhook",
    },
    ("crm_lifecycle", "crm_lifecycle_import"): _keep(
        "access_crm_lifecycle_import_manager",
        "crm_lifecycle_import_action",
        "crm_lifecycle_import_view_form",
    ),
    ("crm_lifecycle", "crm_lifecycle_privacy"): _keep(
        "access_crm_lifecycle_erase_admin",
        "crm_lifecycle_erase_view_form",
        "ir_cron_retention",
        "ir_cron_retention_ir_actions_server",
    )
    | {
        "crm_lifecycle_profile_view_form_privacy": "crm_lifecycle_profile_view_form",
        "action_erase_person": "action_erase_personal_data",
        "action_export_person": "action_export_personal_data",
        "action_report_person": "action_report_personal_data",
        "paperformat_person": "paperformat_personal_data",
        "report_person": "report_personal_data",
        "report_person_condition": "report_personal_data_condition",
        "report_person_document": "report_personal_data_document",
        "res_config_settings_view_form_privacy": "res_config_settings_view_form",
    },
    ("crm_lifecycle_sale", "crm_lifecycle_purchase"): _keep(
        "crm_lifecycle_profile_view_kanban",
        "view_partner_tree",
    ),
    ("crm_lifecycle_reports", "crm_lifecycle_documents"): _keep(
        "access_crm_lifecycle_mailing_delivery_manager",
        "access_crm_lifecycle_mailing_manager",
        "access_crm_lifecycle_print_user",
        "action_report_contact",
        "action_report_customer",
        "action_report_period",
        "action_report_warning",
        "contact",
        "crm_lifecycle_mailing_action",
        "crm_lifecycle_mailing_company_rule",
        "crm_lifecycle_mailing_delivery_company_rule",
        "crm_lifecycle_mailing_menu",
        "crm_lifecycle_mailing_view_form",
        "crm_lifecycle_mailing_view_list",
        "crm_lifecycle_mailing_view_search",
        "crm_lifecycle_print_action",
        "crm_lifecycle_print_menu",
        "crm_lifecycle_print_view_form",
        "customer",
        "customer_conditions",
        "customer_document",
        "customer_next",
        "ir_cron_mailing",
        "ir_cron_mailing_ir_actions_server",
        "letterhead",
        "mailing_body",
        "period",
        "period_document",
        "period_turns",
        "report_foot",
        "report_section",
        "warning",
        "warning_document",
    )
    | {
        "paper_layout": "print_layout",
        "paper_strip": "running_header",
        "paper_style": "print_style",
    },
}
# Relation tables and constraints that went with them, by the beginning of their names.
TABLES = {
    ("crm_lifecycle", "crm_lifecycle_webhook"): (
        "crm_lifecycle_move_action_rel",
        "crm_lifecycle_playbook_log_waiting_idx",
        "crm_lifecycle_playbook_log_webhook_id_fkey",
    ),
    ("crm_lifecycle", "crm_lifecycle_import"): ("crm_lifecycle_import_",),
    ("crm_lifecycle", "crm_lifecycle_privacy"): (
        "crm_lifecycle_erase_",
        "res_company_lifecycle_retention_months_bounds",
    ),
    ("crm_lifecycle_reports", "crm_lifecycle_documents"): (
        "crm_lifecycle_mailing_",
        "crm_lifecycle_print_",
    ),
}
# Addons that were cut out of an installed one.
INSTALLED = {
    "crm_lifecycle_documents": "crm_lifecycle_reports",
    "crm_lifecycle_import": "crm_lifecycle",
    "crm_lifecycle_privacy": "crm_lifecycle",
    "crm_lifecycle_webhook": "crm_lifecycle",
}
# Addons with another name.
MODULES = {"crm_lifecycle_sale_reports": "crm_lifecycle_purchase_reports"}
RENAMES = Renames(
    models=MODELS,
    fields=FIELDS,
    values={("crm.lifecycle", "template_code"): TEMPLATE_CODES},
    moved=MOVED,
    tables=TABLES,
    domains=DOMAINS,
    installed=INSTALLED,
    modules=MODULES,
)
