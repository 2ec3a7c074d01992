"""NPS by customer, stage and period, compared with manual calculations."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import SurveyCase, day


@tagged("post_install", "-at_install")
class TestNps(SurveyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls.env["crm.lifecycle.satisfaction.report"]
        # One customer for each score from 0 to 10. Even scores are of engaged
        # customers.
        cls.profiles = [
            cls._customer(f"Gives {score}", email=f"{score}@example.com")
            for score in range(11)
        ]
        for score, profile in enumerate(cls.profiles):
            stage = cls.customer if score % 2 else cls.engaged
            profile._lifecycle_move(stage, origin="rule", as_of=day(0))
            comment = f"It’s {score}"
            cls._answer(profile.partner_id, score + 1, nps=score, comment=comment)

    def _nps(self, *groupby, **where):
        domain = [
            ("kind", "=", "nps"),
            ("company_id", "=", self.company.id),
            *((name, "=", value) for name, value in where.items()),
        ]
        rows = self.report._read_group(domain, groupby, ["nps:avg", "__count"])
        return {row[:-2]: (round(row[-2], 2), row[-1]) for row in rows}

    def test_all_scores_of_0_to_10_are_minus_45(self):
        """2 promoters (9, 10) and 7 detractors (0 to 6) of 11: 18.18 - 63.64."""
        self.assertEqual(self._nps(), {(): (-45.45, 11)})

    def test_by_stage(self):
        """Engaged: 0 2 4 6 8 10 is (1 - 4) / 6. Customer: 1 3 5 7 9 is (1 - 3) / 5."""
        self.assertEqual(
            self._nps("stage_id"),
            {(self.engaged,): (-50.0, 6), (self.customer,): (-40.0, 5)},
        )

    def test_by_period(self):
        """Scores 0 to 4 by March 7; 5 and 6 on the next two days; 7 to 10 later."""
        before = self.report._read_group(
            [("kind", "=", "nps"), ("date", "<", day(6))], [], ["nps:avg"]
        )
        after = self.report._read_group(
            [("kind", "=", "nps"), ("date", ">", day(7))], [], ["nps:avg"]
        )
        self.assertEqual((before[0][0], after[0][0]), (-100.0, 50.0))

    def test_by_customer(self):
        self._answer(self.profiles[0].partner_id, 20, nps=10)
        self.assertEqual(self._nps(profile_id=self.profiles[0].id), {(): (0.0, 2)})

    def test_who_answered_often_counted_often(self):
        """Ten answers of one detractor, and then one of a promoter: the last counts."""
        partner = self.profiles[0].partner_id
        for number in range(20, 30):
            self._answer(partner, number, nps=0)
        self._answer(partner, 30, nps=10)
        [[each, latest]] = self.report._read_group(
            [("kind", "=", "nps")], [], ["nps:avg", "nps_latest:avg"]
        )
        # Of 22 answers 3 promoters and 17 detractors; of 11 respondents 3 and 6.
        self.assertAlmostEqual(each, 100 * (3 - 17) / 22)
        self.assertAlmostEqual(latest, 100 * (3 - 6) / 11)

    def test_the_latest_answer_of_a_period_is_of_that_period(self):
        """A later answer doesn't take its respondent out of the months before."""
        partner = self.profiles[10].partner_id
        self._answer(partner, 60, hour=12, nps=0)
        self._answer(partner, 60, hour=9, nps=9)
        months = self.report._read_group(
            [("kind", "=", "nps"), ("profile_id", "=", self.profiles[10].id)],
            ["date:month"],
            ["nps_latest:avg"],
        )
        self.assertEqual([value for _month, value in months], [100, -100])

    def test_two_contacts_of_a_customer_are_two_respondents(self):
        customer = self.profiles[10].partner_id
        contact = self._partner("Contact", parent_id=customer.id)
        self._answer(contact, 30, nps=0)
        rows = self.report._read_group(
            [("profile_id", "=", self.profiles[10].id)], [], ["nps_latest:avg"]
        )
        self.assertEqual(rows, [(0,)])

    def test_the_latest_answers_of_other_measures_are_no_nps(self):
        self._answer(self.profiles[0].partner_id, 30, csat=5)
        rows = self.report._read_group(
            [("profile_id", "=", self.profiles[0].id)],
            ["kind"],
            ["nps_latest:avg"],
        )
        self.assertEqual(dict(rows), {"nps": -100, "csat": False})

    def test_the_stage_is_looked_up_where_it_is_asked_for(self):
        query = self.report._search([("kind", "=", "nps")])
        plan = self._get_plan(query.select(SQL("AVG(nps)")))
        self.assertNotIn("crm_lifecycle_history", plan)
        plan = self._get_plan(query.select(SQL("COUNT(stage_id)")))
        self.assertIn("crm_lifecycle_history", plan)

    def test_the_boundaries_of_the_groups(self):
        rows = self.report.search([("kind", "=", "nps")], order="score")
        groups = {row.score: row.nps_category for row in rows}
        self.assertEqual(
            [groups[score] for score in (0, 6, 7, 8, 9, 10)],
            ["detractor", "detractor", "passive", "passive", "promoter", "promoter"],
        )

    def test_the_comment_is_shown_with_the_score(self):
        row = self.report.search([("profile_id", "=", self.profiles[3].id)])
        self.assertEqual((row.score, row.comment), (3, "It’s 3"))

    def test_the_stage_is_that_of_the_answer(self):
        """Later moves do not change it, even on the day of the answer."""
        profile = self.profiles[0]
        profile._lifecycle_move(self.risk, origin="rule", as_of=day(1))
        profile._lifecycle_move(self.lost, origin="rule", as_of=day(3))
        row = self.report.search([("profile_id", "=", profile.id)])
        self.assertEqual(row.stage_id, self.engaged)
        self._answer(profile.partner_id, 2, nps=3)
        row = self.report.search([("profile_id", "=", profile.id)], limit=1)
        self.assertEqual((row.score, row.stage_id), (3, self.risk))

    def test_a_test_and_an_unfinished_answer_count_nowhere(self):
        partner = self.profiles[0].partner_id
        survey = self.survey
        answer = survey._create_answer(partner=partner, test_entry=True)
        answer._save_lines(survey.question_ids[0], "10")
        answer._mark_done()
        begun = survey._create_answer(partner=partner)
        begun._save_lines(survey.question_ids[0], "10")
        self.env.flush_all()
        self.assertEqual(self._nps(), {(): (-45.45, 11)})

    def test_each_customer_is_seen_by_their_own_salesperson(self):
        for profile in self.profiles:
            profile.user_id = self.colleague
        self.profiles[4].user_id = self.salesperson
        rows = self.report.with_user(self.salesperson).search([("kind", "=", "nps")])
        self.assertEqual(rows.mapped("score"), [4])
        with self.assertRaises(AccessError):
            rows.with_user(self.salesperson).profile_id.with_user(
                self._user("nobody", "base.group_user")
            ).read(["nps_last"])

    def test_exports_are_of_own_customers(self):
        self.salesperson.group_ids |= self.env.ref("base.group_allow_export")
        for profile in self.profiles:
            profile.user_id = self.colleague
        self.profiles[4].user_id = self.salesperson
        domain = [("kind", "=", "nps")]
        rows = self.report.with_user(self.salesperson).search(domain)
        self.assertEqual(rows.export_data(["score"])["datas"], [[4]])
        with self.assertRaises(AccessError):
            others = self.report.search(domain) - rows
            others.with_user(self.salesperson).export_data(["score"])

    def test_another_company_sees_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.manager.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        env = self.env(user=self.manager, context={"allowed_company_ids": other.ids})
        self.assertFalse(env[self.report._name].search_count([]))

    def test_one_query_however_many_answers(self):
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.report._read_group(
                [("kind", "=", "nps")], ["stage_id"], ["nps:avg", "__count"]
            )

    def test_a_question_must_fit_what_it_measures(self):
        nps, ces = self.survey.question_ids[:2]
        with self.assertRaisesRegex(ValidationError, "from 0 to 10"):
            nps.scale_min = 1
        with self.assertRaisesRegex(ValidationError, "Scale"):
            nps.question_type = "text_box"
        with self.assertRaisesRegex(ValidationError, "text question"):
            ces.lifecycle_satisfaction_kind = "comment"
