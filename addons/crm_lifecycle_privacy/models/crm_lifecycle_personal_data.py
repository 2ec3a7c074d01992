"""Export of all data about a person, for that person to read."""

import base64
import json
from datetime import date, datetime

from odoo import fields, models
from odoo.exceptions import AccessError

from odoo.addons.crm_lifecycle.personal_data import get_text
from odoo.addons.crm_lifecycle.profile.formatter import ConditionFormatter
from odoo.addons.crm_lifecycle.profile.overview import Overview


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    personal_data_file = fields.Binary(
        compute="_compute_personal_data_file",
        groups="sales_team.group_sale_manager",
        help="All that is held on the customer, as JSON.",
    )

    def _compute_personal_data_file(self):
        for profile in self:
            text = json.dumps(
                profile._get_personal_data(), ensure_ascii=False, indent=2, default=str
            )
            profile.personal_data_file = base64.b64encode(text.encode())

    def action_export_personal_data(self):
        """Download all that is held on the customer."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/crm.lifecycle.profile/{self.id}/personal_data_file/"
            f"customer_{self.id}.json?download=true",
            "target": "download",
        }

    def _get_personal_data(self):
        """Return what is held on the customer here, and what was made of it.

        Texts and values are those that people read, in the reader's language. Addons
        add their records by `_get_personal_records`.
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("sales_team.group_sale_manager"):
            raise AccessError(
                self.env._(
                    "Only a sales administrator may hand out all that is held on a "
                    "customer. Ask one."
                )
            )
        # sudo: all data, including what the user would not see in a list.
        profile = self.sudo()
        subject = profile.partner_id or profile.lead_id
        return {
            "customer": profile.display_name,
            "company": profile.company_id.name,
            "date": fields.Date.context_today(self),
            "objects_to_profiling_since": subject.lifecycle_objection_date or None,
            "lifecycle": profile.lifecycle_id.name or None,
            "stage": profile.stage_id.name or None,
            "stage_since": profile.stage_date or None,
            "salesperson": profile.user_id.name or None,
            "pinned_until": profile.pinned_until or None,
            "decision": profile._get_shown("decision"),
            "note": get_text(profile.note),
            "tags": profile.tag_ids.mapped("name"),
            "facts": profile._get_personal_facts(),
            "moves": profile._get_personal_moves(),
            "rules": profile._get_personal_rules(),
            "playbook": profile._get_personal_steps(),
            "activities": profile._get_personal_activities(),
            "messages": profile._get_personal_messages(),
            **profile._get_personal_rows(),
        }

    def _get_personal_rows(self):
        """Return what the addons keep on the customer, by the keys of its rows."""
        rows = {"records": []}
        for part in self._get_personal_records():
            found = [part.get_row(record) for record in part.records]
            if part.key != "records":
                rows[part.key] = found
            elif found:
                rows["records"].append({"title": part.title, "rows": found})
        return rows

    def _get_personal_templates(self):
        """Return the templates that print rows with a layout of their own."""
        parts = self.sudo()._get_personal_records()  # `_get_personal_data` checks
        return [part.template for part in parts if part.template and part.records]

    def _get_shown(self, name):
        """Return a value formatted for people, None if it is empty."""
        field, value = self._fields[name], self[name]
        if isinstance(value, models.BaseModel):
            return value.display_name or None
        if value is False or value is None:
            return None
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        return value

    def _get_personal_facts(self):
        names = dict.fromkeys(self._get_fact_fields())
        known = Overview(self).get_value_reader(names)
        words = ConditionFormatter(self)
        return [
            {
                "fact": self._fields[name]._description_string(self.env),
                "value": known(name) or self._get_shown(name),
                "words": words.format_fact(name),
            }
            for name in names
        ]

    def _get_personal_moves(self):
        """Return each move with why: the rule, and the values that it looked at."""
        origins = dict(
            self.history_ids._fields["origin"]._description_selection(self.env)
        )
        return [
            {
                "date": row.date,
                "from": row.from_stage_id.name or None,
                "to": row.to_stage_id.name,
                "how": origins[row.origin],
                "by": row.user_id.name or None,
                "why": row.explanation or None,
            }
            for row in self.history_ids.sorted("id")
        ]

    def _get_personal_rules(self):
        """Return what the rules are waiting for, as the form tells it."""
        if not self.stage_id:
            return []
        return [
            {
                "rule": item["rule"].name,
                "to": item["stage"].name,
                "holds": item["holds"],
                "date": item["date"],
                "conditions": self._get_json_value(item["conditions"]),
            }
            for item in self._explain()["rules"]
        ]

    def _get_personal_steps(self):
        states = self.env["crm.lifecycle.playbook.log"]._fields["state"]
        labels = dict(states._description_selection(self.env))
        return [
            {
                "date": step.date,
                "step": step.name,
                "state": labels[step.state],
                "reason": step.reason or None,
            }
            for step in self.playbook_log_ids.sorted("id")
        ]

    def _get_personal_activities(self):
        activities = self.env["mail.activity"].with_context(active_test=False)
        return [
            {
                "date": activity.date_deadline,
                "what": activity.summary or activity.activity_type_id.name,
                "note": get_text(activity.note),
            }
            for activity in activities.search(
                [("res_model", "=", self._name), ("res_id", "=", self.id)], order="id"
            )
        ]

    def _get_personal_messages(self):
        messages = self.env["mail.message"].search(
            [("model", "=", self._name), ("res_id", "=", self.id)], order="id"
        )
        return [
            {
                "date": message.date,
                "subject": message.subject or None,
                "text": get_text(message.body),
            }
            for message in messages
        ]
