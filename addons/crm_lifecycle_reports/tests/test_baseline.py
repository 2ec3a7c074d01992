from datetime import date

from odoo.fields import Command
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import SQL, file_path

from odoo.addons.crm_lifecycle.moves import Move, MoveService

from .common import ReportCase

FIRST, SECOND, THIRD = date(2026, 1, 5), date(2026, 2, 5), date(2026, 3, 1)


@tagged("post_install", "-at_install")
class TestBaseline(ReportCase):
    """Activations and switches make no customer, and lose none."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["crm.lifecycle"].create(
            {
                "name": "Other",
                "company_id": cls.company.id,
                "stage_ids": [
                    Command.create({"name": code, "code": code, "category": code})
                    for code in ("prospect", "customer", "at_risk", "lost")
                ],
            }
        )
        cls.other.write({"state": "active", "activation_date": "2026-02-05"})
        for stage in cls.other.stage_ids:
            setattr(cls, f"other_{stage.code}", stage)

    def _place(self, profile, stage, day, since=None):
        """Place a customer by an activation or a switch."""
        origin = "switch" if profile.stage_id else "start"
        move = Move(stage=stage, origin=origin, day=day, quiet=True, is_baseline=True)
        self._set_first_seen(profile)
        MoveService(self.env).move(profile, move)
        if since:
            self.env.cr.execute(
                "UPDATE crm_lifecycle_history SET customer_date = %s "
                "WHERE profile_id = %s AND is_baseline",
                [since, profile.id],
            )
        self.env.flush_all()
        self.env.invalidate_all()

    def _set_first_seen(self, profile):
        self.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET first_seen_date = '2025-12-01' "
            "WHERE id = %s",
            [profile.id],
        )

    def _get_kinds(self, profile):
        Event = self.env["crm.lifecycle.growth.event"]
        self.env.flush_all()
        rows = self.env.execute_query(Event._get_computed_events(self._of(profile)))
        return [row[7] for row in sorted(rows, key=lambda row: (row[6], row[0]))]

    def _of(self, profile):
        return SQL("h.profile_id = %s", profile.id)

    def _try(self, *steps, since=None, bought=None):
        """Return what the moves of a customer count as.

        Steps are stages; a stage in a list is a placement.
        """
        profile = self._traveller()
        day = FIRST
        for number, step in enumerate(steps):
            day = date(2026, 1, 5 + number)
            if isinstance(step, list):
                self._place(profile, step[0], day, since)
            else:
                profile._lifecycle_move(
                    step, origin="rule", as_of=day, quiet=True, is_transfer=True
                )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_history SET purchase_date = %s WHERE profile_id = %s",
            [bought, profile.id],
        )
        return self._get_kinds(profile)

    def test_an_activation_counts_no_customer_as_new(self):
        self.assertEqual(self._try([self.customer]), ["known"])
        self.assertEqual(self._try([self.prospect]), [])
        self.assertEqual(self._try([self.lost]), [])

    def test_what_follows_an_activation_counts(self):
        for steps, kinds in (
            (([self.customer], self.risk, self.customer), ["known"]),
            (([self.customer], self.lost), ["known", "churned"]),
            (([self.prospect], self.engaged, self.customer), ["new"]),
            (([self.lost], self.customer), ["reactivated"]),
            (([self.prospect], self.lost), []),
        ):
            self.assertEqual(self._try(*steps), kinds)

    def test_who_bought_before_stays_a_customer_in_whatever_stage(self):
        day = date(2025, 6, 1)
        for steps, kinds in (
            (([self.prospect],), ["known"]),
            (([self.prospect], self.engaged, self.customer), ["known"]),
            (([self.prospect], self.lost), ["known", "churned"]),
        ):
            self.assertEqual(self._try(*steps, since=day), kinds)

    def test_a_switch_changes_nothing(self):
        for steps, kinds in (
            ((self.customer, [self.other_customer]), ["new"]),
            ((self.customer, [self.other_prospect]), ["new"]),
            ((self.customer, [self.other_at_risk]), ["new"]),
            ((self.customer, [self.other_lost]), ["new"]),
            ((self.prospect, [self.other_customer]), ["known"]),
            ((self.customer, self.lost, [self.other_prospect]), ["new", "churned"]),
        ):
            self.assertEqual(self._try(*steps), kinds)

    def test_moves_that_only_climb_back_count_nothing(self):
        for place in (self.other_prospect, self.other_lost):
            steps = (self.customer, [place], self.other_customer)
            self.assertEqual(self._try(*steps), ["new"])
        self.assertEqual(
            self._try(
                self.customer,
                [self.other_lost],
                self.other_prospect,
                self.other_customer,
                self.other_lost,
            ),
            ["new", "churned"],
        )
        self.assertEqual(
            self._try(self.customer, [self.other_prospect], self.other_lost),
            ["new", "churned"],
        )

    def test_who_was_gone_comes_back_by_a_purchase(self):
        steps = self.customer, self.lost, [self.other_prospect], self.other_customer
        for bought, kind in (
            (None, "known"),
            (date(2026, 1, 6), "known"),
            (date(2026, 1, 7), "known"),  # the day of the switch
            (date(2026, 1, 8), "reactivated"),
        ):
            self.assertEqual(self._try(*steps, bought=bought), ["new", "churned", kind])

    def test_two_switches_in_a_row(self):
        self.assertEqual(
            self._try(self.customer, [self.other_lost], [self.engaged], self.customer),
            ["new"],
        )

    def test_cohorts_begin_with_the_first_purchase(self):
        since = date(2025, 6, 1)
        profile = self._traveller()
        self._place(profile, self.customer, FIRST, since)
        Event = self.env["crm.lifecycle.growth.event"]
        [row] = self.env.execute_query(Event._get_computed_events(self._of(profile)))
        self.assertEqual((row[8], row[9]), (since, True))

    def test_visits_end_by_a_switch_without_a_direction(self):
        profile = self._traveller()
        self._walk(profile, (self.customer, FIRST))
        self._place(profile, self.other_lost, SECOND)
        visits = self.env["crm.lifecycle.stage.report"].search(
            [("profile_id", "=", profile.id)], order="date"
        )
        self.assertEqual(
            [(visit.stage_id, visit.outcome) for visit in visits],
            [(self.customer, "out"), (self.other_lost, "open")],
        )

    # ------------------------------------------------------------
    # Migration
    # ------------------------------------------------------------

    def _migrate(self):
        path = file_path("crm_lifecycle/migrations/19.0.2.0.0/post-starts.py")
        self.env.flush_all()
        load_script(path, "post_starts").migrate(self.env.cr, "19.0.1.3.0")
        self.env.invalidate_all()

    def _get_marks(self, profile):
        return [
            (row.to_stage_id.code, row.origin, row.is_baseline)
            for row in profile.history_ids.sorted("id")
        ]

    def test_an_upgrade_marks_the_moves_of_activations(self):
        """Before, an activation wrote a move for each stage on the way."""
        profile = self._traveller()
        self._walk(
            profile,
            (self.prospect, FIRST),
            (self.engaged, FIRST),
            (self.customer, FIRST),
            (self.lost, SECOND),
        )
        self.assertEqual(self._get_kinds(profile), ["new", "churned"])
        self._migrate()
        self.assertEqual(
            self._get_marks(profile),
            [
                ("prospect", "start", True),
                ("engaged", "start", True),
                ("customer", "start", True),
                ("lost", "rule", False),
            ],
        )
        self.assertEqual(self._get_kinds(profile), ["known", "churned"])
        visits = self.env["crm.lifecycle.stage.report"].search(
            [("profile_id", "=", profile.id)]
        )
        self.assertEqual(set(visits.stage_id), set(self.customer | self.lost))

    def test_an_upgrade_marks_switches(self):
        profile = self._traveller()
        self._walk(profile, (self.customer, FIRST))
        profile._lifecycle_move(
            self.other_prospect,
            origin="rule",
            as_of=SECOND,
            quiet=True,
            is_transfer=True,
        )
        self._walk(profile, (self.other_lost, SECOND), (self.other_customer, THIRD))
        self.env.cr.execute(
            "UPDATE crm_lifecycle_history SET is_baseline = FALSE "
            "WHERE profile_id = %s",
            [profile.id],
        )
        self.assertIn("churned", self._get_kinds(profile))
        self._migrate()
        self.assertEqual(
            self._get_marks(profile),
            [
                ("customer", "start", True),
                ("prospect", "switch", True),
                ("lost", "switch", True),
                ("customer", "rule", False),
            ],
        )
        self.assertEqual(self._get_kinds(profile), ["known"])

    def test_an_upgrade_leaves_later_customers_new(self):
        profile = self._traveller()
        profile._lifecycle_move(self.customer, origin="rule", as_of=SECOND)
        self._migrate()
        self.assertEqual(self._get_marks(profile), [("customer", "start", False)])
        self.assertEqual(self._get_kinds(profile), ["new"])
