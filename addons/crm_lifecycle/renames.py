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
# Addons cut out of this one and of the reports.
INSTALLED = (
    "crm_lifecycle_import",
    "crm_lifecycle_privacy",
    "crm_lifecycle_webhook",
)
RENAMES = Renames(
    models=MODELS,
    fields=FIELDS,
    values={("crm.lifecycle", "template_code"): TEMPLATE_CODES},
    domains=DOMAINS,
    installed=INSTALLED,
)
