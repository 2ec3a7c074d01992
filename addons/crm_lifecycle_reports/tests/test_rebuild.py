from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_rebuild import RebuildCase


@tagged("post_install", "-at_install")
class TestRebuildOfReports(RebuildCase):
    """Reports equal the history after a rebuild, and after its undo."""

    def setUp(self):
        super().setUp()
        self.Event = self.env["crm.lifecycle.growth.event"]
        self._make_customers()
        self._activate()

    def _refresh(self):
        self.Event._refresh()
        self.env["crm.lifecycle.growth.watermark"]._get().is_ended = True
        self.Event._refresh()

    def _rows(self, query):
        self.env.flush_all()
        self.env.cr.execute(query)
        return sorted(self.env.cr.fetchall())

    def _assert_as_history(self):
        everybody = self.Event._has_moved_after(0)
        self.assertEqual(
            self._rows(self.Event._get_growth_events()),
            self._rows(self.Event._get_computed_events(everybody)),
        )

    def test_growth_follows_a_rebuild_and_its_undo(self):
        self._refresh()
        before = self._rows(self.Event._get_growth_events())
        self._rebuild()
        after = self._rows(self.Event._get_growth_events())
        self.assertNotEqual(after, before)
        self._assert_as_history()
        self._refresh()
        self.assertEqual(self._rows(self.Event._get_growth_events()), after)
        self._assert_as_history()
        self._undo()
        self.assertEqual(self._rows(self.Event._get_growth_events()), before)
        self._refresh()
        self.assertEqual(self._rows(self.Event._get_growth_events()), before)
        self._assert_as_history()
        self.assertFalse(self.env["crm.lifecycle.growth.stale"].search([]))

    def test_an_undo_is_read_before_the_job(self):
        """Its rows are older than the mark: the job alone would not see them."""
        self._rebuild()
        self._refresh()
        self._undo()
        self._assert_as_history()

    def test_visits_to_stages_are_those_of_an_activation_with_that_past(self):
        Report = self.env["crm.lifecycle.stage.report"]

        def read():
            self.env.invalidate_all()
            rows = Report.search([("company_id", "=", self.company.id)])
            return sorted(
                (row.partner_id.ref, row.stage_id.code, row.date, row.days or 0)
                for row in rows
            )

        before = read()
        self._rebuild()
        rebuilt = read()
        self._undo()
        self.assertEqual(read(), before)
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(
                "DELETE FROM crm_lifecycle_history WHERE company_id = %s",
                [self.company.id],
            )
            self.env.cr.execute(
                "UPDATE crm_lifecycle_profile SET stage_id = NULL, stage_date = NULL, "
                "lifecycle_id = NULL WHERE company_id = %s",
                [self.company.id],
            )
            self.env.invalidate_all()
            self._activate(3)
            self.assertEqual(rebuilt, read())
            savepoint.rollback()
        self.env.invalidate_all()
