"""Compare a replay over a real customer base with an oracle: stages, days of moves."""

from calendar import monthrange
from collections import Counter
from datetime import date

from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from . import oracle_cdnow as oracle
from .cdnow_reports import CdnowReports
from .test_cdnow import (
    FILE,
    assert_same_rows,
    cdnow,
    count_by_stage,
    get_checksums,
)

END = date(1998, 6, 30)
BEGIN = date(1996, 12, 31)
# The last days of all months, which a monthly replay evaluates.
LOOKS = [
    date(year, month, monthrange(year, month)[1])
    for year in (1996, 1997, 1998)
    for month in range(1, 13)
    if BEGIN <= date(year, month, monthrange(year, month)[1]) <= END
]
MONTHS = [date(1997, 6, 30), date(1997, 12, 31), date(1998, 4, 30)]


@tagged("post_install", "-at_install")
class TestCdnowReplay(CdnowReports, TransactionCase):
    """The whole file in a company of its own, which had no lifecycle at that time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create(
            {"name": "CDNOW", "currency_id": cls.env.ref("base.USD").id}
        )
        cls.env = cls.env["res.company"].with_company(cls.company).env
        cls.truth = oracle.read_purchases(FILE)
        cdnow.load(cls.env, cdnow.read_purchases(FILE), cls.company)
        cdnow.activate_lifecycle(cls.env, cls.company)
        cls.classPatch(type(cls.company), "_lifecycle_today", lambda company: END)

    def test_a_preview_before_the_first_run_changes_no_row_of_any_table(self):
        expected = Counter(
            self._ask_oracle(purchases, END) for purchases in self.truth.values()
        )
        lifecycle = cdnow.find_lifecycle(self.env, self.company)
        before = get_checksums(self.env)
        preview = self.env["crm.lifecycle"]._preview(self.company, lifecycle)
        assert_same_rows(self, get_checksums(self.env), before)
        self.assertEqual(count_by_stage(self.env, preview), expected)
        self.assertEqual(expected.total(), 23_570)

    def _replay(self, begin, end, step):
        """Replay, and return ``{customer: [(day, stage)]}``."""
        self.env["crm.lifecycle"]._replay(self.company, begin, end, step)
        moves = {customer: [] for customer in self.truth}
        for customer, day, code in self.env.execute_query(
            SQL(
                """
                SELECT c.ref, h.date, s.code
                  FROM crm_lifecycle_history AS h
                  JOIN res_partner AS c ON c.id = h.partner_id
                  JOIN crm_lifecycle_stage AS s ON s.id = h.to_stage_id
                 WHERE h.company_id = %s
                 ORDER BY h.id
                """,
                self.company.id,
            )
        ):
            moves[customer].append((day, code))
        return moves

    def _assert_few(self, wrong):
        self.assertFalse(wrong[:20], f"{len(wrong)} differ; the first of them")

    def test_by_month_all_customers_are_where_the_oracle_has_them(self):
        moves = self._replay(BEGIN, END, "month")
        self.assertEqual(len([m for m in moves.values() if m]), 23_570)
        for day in [*MONTHS, END]:
            self._assert_few(
                [
                    (customer, day)
                    for customer, purchases in self.truth.items()
                    if oracle.get_stage_from_moves(moves[customer], day)
                    != self._ask_oracle(purchases, day)
                ]
            )
        self._check_days_by_month(moves)
        self._check_stays(moves)
        self.check_stages(self.truth, LOOKS)

    def _ask_oracle(self, purchases, day):
        facts = oracle.get_facts(purchases, day)
        return facts and oracle.get_stage(facts, day)

    def _check_days_by_month(self, moves):
        """Check that each move of the replay is a move of the oracle on the same day.

        The reverse does not hold: a customer who became inactive and ordered again
        within a month was never found inactive.
        """
        self._assert_few(
            [
                (customer, set(moves[customer]) - set(expected))
                for customer, purchases in self.truth.items()
                if set(moves[customer])
                - set(expected := oracle.get_moves(purchases, END))
            ]
        )

    def _check_stays(self, moves):
        """Check that the days in the previous stage are those between the moves."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT COUNT(*)
                  FROM (SELECT days_in_from_stage AS days, from_stage_id,
                               date - LAG(date) OVER (
                                   PARTITION BY profile_id ORDER BY id) AS between
                          FROM crm_lifecycle_history WHERE company_id = %s) AS h
                 WHERE from_stage_id IS NOT NULL AND days IS DISTINCT FROM between
                """,
                self.company.id,
            )
        )
        self.assertEqual(rows, [(0,)])

    def test_by_day_each_move_is_the_oracle_s(self):
        begin, end = date(1997, 12, 31), date(1998, 2, 15)
        moves = self._replay(begin, end, "day")
        wrong = []
        for customer, purchases in self.truth.items():
            expected = oracle.get_moves(purchases, end)
            placed, *later = moves[customer]
            if later != [move for move in expected if move[0] > begin]:
                wrong.append((customer, later))
            stage = oracle.get_stage_from_moves(expected, begin)
            if placed not in expected or placed[1] != stage or placed[0] > begin:
                wrong.append((customer, placed))
        self._assert_few(wrong)
