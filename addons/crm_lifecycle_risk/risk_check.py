"""Cases of customers who are at risk by a sign of their health, not by their stage.

A stage opens and closes cases through its playbook, when customers move. A tag that is
a warning, a rating or another sign comes without a move, so a daily check compares who
is at risk with who was at the last one (``risk_since`` of the profile).

Only a change of the customer opens a case. Customers who are at risk when a lifecycle
is activated or its thresholds change, or at their first check, are marked without a
case, as by a quiet move. Otherwise one change could open thousands of cases at night.
"""

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL, split_every

# Categories of stages that open and close the cases of their customers themselves.
DECIDED_BY_STAGE = ("at_risk", "lost", "ended")
BATCH = 1000


class RiskCheck:
    """The daily check of one company."""

    def __init__(self, company):
        self.company = company
        self.env = company.env
        self.profiles = company.env["crm.lifecycle.profile"]
        self.cases = company.env["crm.lifecycle.risk.case"]
        self.today = company._lifecycle_today()
        self.mine = Domain("company_id", "=", company.id)
        self.at_risk = self.profiles._get_risk_domain()
        self.is_marked = Domain("risk_since", "!=", False)

    def run(self):
        """Close the cases of customers who recovered, open those of others."""
        self._close_recovered()
        self._mark_quietly()
        self._open_new()
        self.company.lifecycle_risk_check_date = fields.Datetime.now()

    def _close_recovered(self):
        recovered = self.profiles.search(self.mine & self.is_marked & ~self.at_risk)
        self._mark(recovered, None)
        kept = recovered.filtered(
            lambda profile: profile.stage_category not in DECIDED_BY_STAGE
        )
        kept -= self._get_merged(kept)
        self.cases._get_open(kept).write({"state": "saved"})

    def _get_merged(self, profiles):
        """Return those merged since the last check: the merge has saved none of them.

        Their cases stay open for their owners.
        """
        merges = Domain("profile_id", "in", profiles.ids) & Domain(
            "merge_id", "!=", False
        )
        if self.company.lifecycle_risk_check_date:
            merges &= Domain(
                "create_date", ">=", self.company.lifecycle_risk_check_date
            )
        rows = self.env["crm.lifecycle.history"].search(merges)
        return rows.filtered(lambda row: row.merge_id == row).profile_id

    def _mark_quietly(self):
        """Mark customers who are at risk for another reason than their own change."""
        checked = self.company.lifecycle_risk_check_date
        new = self.mine & self.at_risk & ~self.is_marked
        if checked and not self._is_changed(checked):
            changed = self.env["crm.lifecycle"].search([("write_date", ">", checked)])
            new &= (
                Domain("create_date", ">", checked)
                | Domain("lifecycle_id", "in", changed.ids)
                | Domain("stage_category", "in", DECIDED_BY_STAGE)
            )
        self._mark(self.profiles.search(new), self.today)

    def _is_changed(self, checked):
        """Return whether the company has changed its signs since the last check."""
        Sign = self.env["crm.lifecycle.health.sign"]
        return bool(
            Sign.search_count(self.mine & Domain("write_date", ">", checked), limit=1)
        )

    def _open_new(self):
        """Open the cases of customers who are at risk now, and were not before."""
        new = self.profiles.search(self.mine & self.at_risk & ~self.is_marked)
        has_case = self.cases._get_open(new).profile_id
        for ids in split_every(BATCH, (new - has_case).ids):
            self.cases._open_for_signs(self.profiles.browse(ids), self.today)
        self._mark(new, self.today)

    def _mark(self, profiles, day):
        """Write since when customers are at risk, with one statement."""
        if profiles:
            self.env.execute_query(
                SQL(
                    "UPDATE crm_lifecycle_profile SET risk_since = %s "
                    "WHERE id = ANY(%s) RETURNING 1",
                    day,
                    profiles.ids,
                )
            )
            profiles.invalidate_recordset(["risk_since"], flush=False)
