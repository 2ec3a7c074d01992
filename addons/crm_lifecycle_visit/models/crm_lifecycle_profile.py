from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.fields import NullableInteger
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign
from odoo.addons.crm_lifecycle.personal_data import PersonalModel


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    visit_last_date = fields.Date(
        string="Last return visit",
        readonly=True,
        fact="only",
        help="The last one at which the customer was reached.",
    )
    visit_satisfaction = NullableInteger(
        string="Satisfaction at visit",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="From 1 (very dissatisfied) to 5 (very satisfied), as told at the last "
        "return visit that asked. Empty: nobody has asked yet.",
    )
    visit_ids = fields.One2many(
        comodel_name="crm.lifecycle.visit",
        inverse_name="profile_id",
        string="Return visits",
    )
    visit_count = fields.Integer(string="Visits", compute="_compute_visit_count")

    def _compute_visit_count(self):
        counts = dict(
            self.env["crm.lifecycle.visit"]._read_group(
                [("profile_id", "in", self.ids), ("state", "!=", "cancelled")],
                ["profile_id"],
                ["__count"],
            )
        )
        for profile in self:
            profile.visit_count = counts.get(profile._origin, 0)

    def action_open_visits(self):
        """Open the return visits to the customer."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle_visit.crm_lifecycle_visit_action"
        )
        return {
            **action,
            "domain": [("profile_id", "=", self.id)],
            "context": {"default_profile_id": self.id},
        }

    @api.model
    def _get_overview_fact_names(self, short=False):
        return {**super()._get_overview_fact_names(short), "visit_last_date": None}

    @api.model
    def _get_health_signs(self):
        """Add customers to watch who were dissatisfied at the last visit."""
        return [
            *super()._get_health_signs(),
            HealthSign(
                "watch",
                # 0 means not asked yet.
                lambda stars: (
                    Domain("visit_satisfaction", ">=", 1)
                    & Domain("visit_satisfaction", "<=", stars)
                ),
                lambda _stars: self.env._("Dissatisfied at the last return visit"),
                code="visit",
                name=self.env._("Satisfaction at a return visit"),
                threshold=2,
                unit="stars",
                maximum=5,
            ),
        ]

    def _merge_related_records(self, sources, *, is_writer=True):
        """Adopt the visits of other profiles. Of two planned ones, keep the older.

        If the user may not write the profile, keep this profile's own planned visit.
        """
        result = super()._merge_related_records(sources, is_writer=is_writer)
        # `sudo()`: a merge adopts all visits, even those that the user may not read.
        visits = (self | sources).sudo().visit_ids.sorted("id")
        if not is_writer:
            visits = visits.sorted(lambda visit: visit.profile_id != self)
        planned = visits.filtered(lambda visit: visit.state == "planned")
        planned[1:].state = "cancelled"
        planned[1:].activity_id.unlink()
        (visits - self.visit_ids).profile_id = self
        return result

    def _split_related_records(self, source, rows):
        """Take over the visits that were planned for the moves."""
        result = super()._split_related_records(source, rows)
        # `sudo()`: as in `_merge_related_records`.
        visits = source.sudo().visit_ids
        mine = visits.filtered(
            lambda visit: (
                visit.activity_id.res_model == self._name
                and visit.activity_id.res_id == self.id
            )
        )
        mine.profile_id = self
        return result

    # ------------------------------------------------------------
    # Archived customers
    # ------------------------------------------------------------

    def _suspend_work(self):
        """Cancel the planned visits of archived customers."""
        visits = self.env["crm.lifecycle.visit"].search(
            [("profile_id", "in", self.ids), ("state", "=", "planned")]
        )
        today = fields.Date.context_today(self)
        visits.write({"state": "cancelled", "suspended_date": today})
        visits.flush_recordset()  # a customer has only one planned visit
        return super()._suspend_work()

    def _resume_work(self, since):
        """Plan the visits of restored customers again, at most one of each."""
        Visit = self.env["crm.lifecycle.visit"]
        found = Visit.search(
            [("profile_id", "in", self.ids), ("suspended_date", "!=", False)]
        )
        for profile, visits in found.grouped("profile_id").items():
            planned = profile.visit_ids.filtered(lambda item: item.state == "planned")
            timely = visits.filtered(
                lambda item: not since or item.suspended_date >= since
            )
            again = timely[-1:] if not planned else Visit
            (visits - again).activity_id.unlink()
            again.state = "planned"
        found.suspended_date = False
        return super()._resume_work(since)

    @api.model
    def _get_personal_models(self):
        return [
            *super()._get_personal_models(),
            PersonalModel(
                name="crm.lifecycle.visit",
                links=("profile_id",),
                names=(
                    *("date_due", "date_done", "state", "user_id", "result"),
                    *("satisfaction", "note", "next_step", "next_date"),
                ),
            ),
        ]
