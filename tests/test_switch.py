"""A lifecycle replaced by another one: all 30 pairs of the templates.

The switch moves each customer into a stage of the new lifecycle, and must neither win
nor lose one. With ``script/test --thorough`` it is tried on the customers of CDNOW.
"""

import os
from datetime import date, datetime, time, timedelta

from odoo.tests import TransactionCase, tagged

from odoo.addons.crm_lifecycle.engine.stages import get_missing_stages

from bench.generate import AS_OF, generate

from .test_cdnow import FILE, cdnow

THOROUGH = bool(os.environ.get("THOROUGH"))
CUSTOMERS = 500
# The last day of CDNOW's purchases.
CDNOW_END = date(1998, 6, 30)
TEMPLATES = ("nurture", "relationship", "service", "activity", "growth", "advocacy")
CUSTOMER = ("customer", "loyal", "at_risk")
GONE = ("lost", "ended")


def get_class(category):
    """Return whether a stage has customers, former ones, or not yet customers."""
    if category in CUSTOMER:
        return "customer"
    return "gone" if category in GONE else category and "before"


def count_kinds(moves):
    """Return ``[kind, …]`` of the moves of one customer, in order.

    Moves are ``(from category, to category, is baseline, customer date, last purchase,
    day)``. It says what
    docs/decisions/0145 says, customer by customer, without SQL.
    """
    kinds = []
    state, is_kept = None, False
    switched = None
    for source, target, is_baseline, customer_date, purchase_date, day in moves:
        old, new = get_class(source), get_class(target)
        before = state if is_kept or (is_baseline and state) else old
        if is_baseline:
            is_kept = True
            switched = day
            state = new
            if before and new != "customer":
                state = before
            elif not before and customer_date and new == "before":
                state = "customer"
            if state == "customer" != before:
                kinds.append("known")
            continue
        if new == "customer":
            bought = purchase_date and switched and purchase_date > switched
            if before == "gone":
                climbs = is_kept and old == "before" and not bought
                kinds.append("known" if climbs else "reactivated")
            elif before != "customer":
                kinds.append("new")
        elif before == "customer" and (
            old == "customer" or (new == "gone" and old != "gone")
        ):
            kinds.append("churned")
        ends = "customer" in (old, new) or (new == "gone" and old != "gone")
        if ends or not is_kept:
            state, is_kept = new, False
    return kinds


@tagged("post_install", "-at_install")
class TestSwitch(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        cls.env.cr.execute("DELETE FROM crm_lifecycle_pending")
        if THOROUGH:
            cls._load_cdnow()
        else:
            generate(cls.env, CUSTOMERS, CUSTOMERS * 5, commit=False)
            cls.as_of = AS_OF
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls.env.company
        cls.env.flush_all()

    @classmethod
    def _load_cdnow(cls):
        company = cls.env["res.company"].create(
            {"name": "CDNOW", "currency_id": cls.env.ref("base.USD").id}
        )
        cls.env = company.with_company(company).env
        cdnow.load(cls.env, cdnow.read_purchases(FILE), company)
        cls.as_of = CDNOW_END

    def _activate(self, code, day, replaced=None):
        if replaced:
            replaced.write({"state": "archived"})
        lifecycle = self.env["crm.lifecycle.template"]._instantiate(code, self.company)
        moment = datetime.combine(day, time(1))
        lifecycle.write({"state": "active", "activation_date": moment})
        self._run(day)
        return lifecycle

    def _run(self, day):
        self.env["crm.lifecycle"]._run(self.company, day)
        self.env.flush_all()

    def _get_moves(self):
        """Return ``{profile: [move, …]}`` as `count_kinds` expects it."""
        self.env.cr.execute(
            """
            SELECT h.profile_id, f.category, t.category, h.is_baseline IS TRUE,
                   h.customer_date, h.purchase_date, h.date
              FROM crm_lifecycle_history AS h
         LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
         LEFT JOIN crm_lifecycle_stage AS t ON t.id = h.to_stage_id
             WHERE h.company_id = %s AND h.profile_id IS NOT NULL
             ORDER BY h.date, h.id
            """,
            [self.company.id],
        )
        moves = {}
        for profile, *move in self.env.cr.fetchall():
            moves.setdefault(profile, []).append(move)
        return moves

    def _get_kinds(self):
        """Return ``{profile: [kind, …]}`` of the report."""
        Event = self.env["crm.lifecycle.growth.event"]
        self.env.cr.execute("DELETE FROM crm_lifecycle_growth_watermark")
        Event.invalidate_model()
        rows = self.env.execute_query(Event._get_growth_events())
        found = {}
        for row in sorted(rows, key=lambda row: (row[6], row[0])):
            if row[2] == self.company.id:
                found.setdefault(row[1], []).append(row[7])
        return found

    def _check_figures(self, allowed):
        """Recompute the figures, and check that nothing else was counted."""
        found = self._get_kinds()
        expected = {
            profile: kinds
            for profile, moves in self._get_moves().items()
            if (kinds := count_kinds(moves))
        }
        self.assertEqual(found, expected)
        counted = {kind for kinds in found.values() for kind in kinds}
        moves = self._get_moves()
        odd = [moves[p] for p, kinds in found.items() if set(kinds) - allowed]
        self.assertLessEqual(counted, allowed, odd[:3])
        return found

    def _check_one_start(self):
        self.env.cr.execute(
            "SELECT count(*), count(DISTINCT profile_id) FROM crm_lifecycle_history "
            "WHERE company_id = %s AND profile_id IS NOT NULL",
            [self.company.id],
        )
        rows, profiles = self.env.cr.fetchone()
        self.assertEqual(rows, profiles)
        self.assertGreater(rows, CUSTOMERS / 2)

    def _check_tags(self, lifecycle):
        self.env.cr.execute(
            "SELECT count(*) FROM crm_lifecycle_profile_tag_rel AS r "
            "JOIN crm_lifecycle_tag AS t ON t.id = r.tag_id "
            "JOIN crm_lifecycle_profile AS p ON p.id = r.profile_id "
            "WHERE p.company_id = %s AND t.lifecycle_id <> %s",
            [self.company.id, lifecycle.id],
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def _check_ladder(self, lifecycle):
        """Check that no switch has skipped a stage, where that is forbidden."""
        infos = lifecycle.stage_ids._get_stage_infos()
        by_id = {info.id: info for info in infos}
        rows = self.env["crm.lifecycle.history"].search(
            [("lifecycle_id", "=", lifecycle.id), ("origin", "=", "switch")]
        )
        for row in rows:
            target = by_id[row.to_stage_id.id]
            entered = row.passed_stages or ()
            if target != infos[0]:
                self.assertFalse(get_missing_stages(infos, entered, target))

    def test_a_switch_wins_and_loses_no_customer(self):
        for former in TEMPLATES:
            with self.env.cr.savepoint() as savepoint:
                old = self._activate(former, self.as_of)
                self._check_one_start()
                self._check_figures({"known"})
                for code in TEMPLATES:
                    if code != former:
                        with self.subTest(former=former, now=code):
                            self._try_switch(old, code)
                savepoint.rollback()
            self.env.invalidate_all()

    def _try_switch(self, old, code):
        with self.env.cr.savepoint() as savepoint:
            new = self._activate(code, self.as_of + timedelta(days=1), old)
            self._check_figures({"known"})
            self._check_tags(new)
            if new.skip_policy == "forbid":
                self._check_ladder(new)
            # Only the days pass: customers may be lost by the rules, none is won.
            for days in (2, 8, 31):
                self._run(self.as_of + timedelta(days=days))
            self._check_figures({"known", "churned"})
            savepoint.rollback()
        self.env.invalidate_all()

    def test_a_buyer_after_the_activation_is_new_once(self):
        self._activate("growth", self.as_of)
        day = self.as_of + timedelta(days=3)
        partner = self.env["res.partner"].create({"name": "Late"})
        product = self.env["product.product"].create({"name": "Thing"})
        order = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "date_order": datetime.combine(day, time(12)),
                "order_line": [(0, 0, {"product_id": product.id, "price_unit": 100})],
            }
        )
        order.with_context(mail_notrack=True).action_confirm()
        order.date_order = datetime.combine(day, time(12))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET create_date = %s WHERE id = %s",
            [datetime.combine(day, time(12)), order.id],
        )
        for days in (3, 4, 20):
            self._run(self.as_of + timedelta(days=days))
        profile = partner.lifecycle_profile_ids
        self.assertEqual(self._get_kinds().get(profile.id), ["new"])
        [start] = profile.history_ids.filtered(lambda row: row.origin == "start")
        self.assertFalse(start.is_baseline)
        self.assertFalse(start.is_quiet)
