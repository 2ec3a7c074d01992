from datetime import date

from odoo.tests import tagged

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestArchive(ReportCase):
    """No report counts an archived customer."""

    def test_no_report_counts_an_archived_customer(self):
        ada = self._traveller("Ada")
        self._walk(
            ada,
            (self.prospect, date(2025, 1, 1)),
            (self.customer, date(2025, 2, 1)),
            (self.risk, date(2025, 3, 1)),
        )
        row = ada.history_ids.filtered(lambda item: item.to_stage_id == self.customer)
        self.env["crm.lifecycle.playbook.log"].create(
            {
                "history_id": row.id,
                "profile_id": ada.id,
                "company_id": self.company.id,
                "stage_id": self.customer.id,
                "kind": "mail",
                "key": "mail:1",
                "state": "done",
            }
        )
        before = self._count(ada)
        self.assertTrue(all(before.values()), before)
        ada.partner_id.action_archive()
        self.assertEqual(set(self._count(ada).values()), {0})
        ada.partner_id.action_unarchive()
        self.assertEqual(self._count(ada), before)

    def _count(self, profile):
        """Return the rows of a customer in each report, and the moves of digests."""
        reports = {
            name: model
            for name, model in self.env.items()
            if name.startswith("crm.lifecycle.")
            and name.endswith(".report")
            and name != "crm.lifecycle.period.report"
            and not model._abstract
            and "profile_id" in model._fields
        }
        mine = [("profile_id", "=", profile.id)]
        found = {
            name: model.search_count(mine)
            for name, model in reports.items()
            # Reports of other addons have tests of their own.
            if model._original_module == "crm_lifecycle_reports"
        }
        Growth = self.env["crm.lifecycle.growth.mixin"]
        for what in ("new", "at_risk"):
            counts = Growth._count_flow(mine, what)
            found[what] = counts.get(self.company.id, 0)
        return found
