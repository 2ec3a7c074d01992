from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign
from odoo.addons.crm_lifecycle.personal_data import PersonalModel

from .crm_lifecycle_risk_case import CANCELLED, OPEN_STATES

# Code of the sign of health that an open case is.
CASE_SIGN = "risk_case"


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    risk_case_ids = fields.One2many(
        comodel_name="crm.lifecycle.risk.case",
        inverse_name="profile_id",
        string="Risk cases",
    )
    risk_since = fields.Date(
        string="At risk since",
        readonly=True,
        copy=False,
        help="The day on which the daily check found the customer at risk.",
    )
    risk_case_count = fields.Integer(
        string="Risk Cases", compute="_compute_risk_case_count"
    )

    def _compute_risk_case_count(self):
        counts = dict(
            self.env["crm.lifecycle.risk.case"]._read_group(
                [("profile_id", "in", self.ids)], ["profile_id"], ["__count"]
            )
        )
        for profile in self:
            profile.risk_case_count = counts.get(profile._origin, 0)

    @api.model
    def _get_health_signs(self):
        """Add the sign "at risk" for customers with an open case."""
        return [
            *super()._get_health_signs(),
            HealthSign(
                "at_risk",
                # `any!` skips access rules: users learn only that there is a case.
                Domain("risk_case_ids", "any!", [("state", "in", OPEN_STATES)]),
                self.env._("A risk case is open"),
                code=CASE_SIGN,
                name=self.env._("Risk case"),
            ),
        ]

    @api.model
    def _get_risk_domain(self):
        """Return the domain of the customers at risk, whether or not a case is open."""
        return self._get_at_risk_domain(ignored={CASE_SIGN})

    def action_open_risk_cases(self):
        """Open the customer's open case, or else all cases."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle_risk.crm_lifecycle_risk_case_action"
        )
        action |= {
            "domain": [("profile_id", "=", self.id)],
            "context": {"default_profile_id": self.id},
        }
        open_case = self.risk_case_ids.filtered(lambda case: case.state in OPEN_STATES)
        if open_case or not self.risk_case_ids:
            action |= {"views": [(False, "form")], "res_id": open_case.id}
        return action

    def _merge_related_records(self, sources, *, is_writer=True):
        """Adopt the cases of other profiles. Of two open ones, the older stays open.

        If the user may not write the profile, this profile's own open case does. The
        other one is cancelled: it is neither saved nor lost. Whoever was at risk before
        the merge is not found at risk again.
        """
        result = super()._merge_related_records(sources, is_writer=is_writer)
        # `sudo()`: a merge adopts all cases, even those that the user may not read.
        cases = (self | sources).sudo().risk_case_ids.sorted("id")
        if not is_writer:
            cases = cases.sorted(lambda case: case.profile_id != self)
        active = cases.filtered(lambda case: case.state in OPEN_STATES)
        for case in active[1:]:
            case.activity_ids.write({"res_id": active[0].id})
        active[1:].state = CANCELLED
        active.flush_recordset()  # before the other one comes: only one may be open
        theirs = cases.filtered(lambda case: case.profile_id != self)
        theirs.with_context(lifecycle_merge=True).write({"profile_id": self.id})
        since = [date for date in (self | sources).sudo().mapped("risk_since") if date]
        # `sudo()`: as above.
        self.sudo().risk_since = min(since, default=False)
        return result

    def _split_related_records(self, source, rows):
        """Take over the cases that the moves opened."""
        result = super()._split_related_records(source, rows)
        # `sudo()`: as in `_merge_related_records`.
        cases = source.sudo().risk_case_ids.filtered(lambda case: case.move_id in rows)
        cases.with_context(lifecycle_merge=True).write({"profile_id": self.id})
        return result

    # ------------------------------------------------------------
    # Archived customers
    # ------------------------------------------------------------

    def _suspend_work(self):
        """Cancel the open cases of archived customers: neither saved nor lost."""
        Case = self.env["crm.lifecycle.risk.case"]
        cases = Case._get_open(self)
        self.env["mail.activity"]._suspend_open(Case._name, cases.ids)
        for state, members in cases.grouped("state").items():
            members.write(
                {
                    "state": CANCELLED,
                    "suspended_state": state,
                    "suspended_date": fields.Date.context_today(self),
                }
            )
        cases.flush_recordset()  # a customer has only one open case
        return super()._suspend_work()

    def _resume_work(self, since):
        """Open the cases of restored customers again, at most one of each."""
        Case = self.env["crm.lifecycle.risk.case"]
        found = Case.search(
            [("profile_id", "in", self.ids), ("suspended_state", "!=", False)],
            order="id desc",
        )
        has_open = set(Case._get_open(self).profile_id.ids)
        for case in found:
            is_timely = not since or case.suspended_date >= since
            if is_timely and case.profile_id.id not in has_open:
                has_open.add(case.profile_id.id)
                case.state = case.suspended_state
                self.env["mail.activity"]._search_suspended(
                    Case._name, case.ids
                )._resume()
        found.write({"suspended_state": False, "suspended_date": False})
        return super()._resume_work(since)

    @api.model
    def _get_personal_models(self):
        return [
            *super()._get_personal_models(),
            PersonalModel(
                name="crm.lifecycle.risk.case",
                links=("profile_id", "partner_id"),
                kept=("facts",),
                names=(
                    *("date_opened", "date_due", "date_closed", "state", "reason_id"),
                    *("amount", "user_id", "note", "lesson"),
                ),
            ),
        ]
