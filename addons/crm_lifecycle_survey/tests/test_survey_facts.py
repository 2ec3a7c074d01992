"""Facts from answers as of different days."""

from odoo.tests import tagged

from .common import SurveyCase, day


@tagged("post_install", "-at_install")
class TestSurveyFacts(SurveyCase):
    def _facts(self, number=0, profile=None, **kwargs):
        self._run(day(number), **kwargs)
        profile = profile or self.profile
        return profile.nps_last, profile.nps_category, profile.nps_last_date

    def test_nobody_asked_is_empty_and_0_is_a_score(self):
        self.assertEqual(self._facts(), (False, False, False))
        self.assertIs(self.profile.nps_last, False)
        self._answer(self.profile.partner_id, nps=0)
        self.assertEqual(self._facts(), (0, "detractor", day(0)))
        self.assertIsNot(self.profile.nps_last, False)

    def test_each_day_knows_what_was_answered_by_then(self):
        partner = self.profile.partner_id
        self._answer(partner, 1, nps=9, ces=4, csat=5)
        self._answer(partner, 4, nps=6, ces=2)
        self.assertEqual(self._facts(0), (False, False, False))
        self.assertEqual(self._facts(1), (9, "promoter", day(1)))
        self.assertEqual(self._facts(3), (9, "promoter", day(1)))
        self.assertEqual(self._facts(4), (6, "detractor", day(4)))
        self.assertRecordValues(
            self.profile,
            [
                {
                    "ces_last": 2,
                    "ces_last_date": day(4),
                    "csat_last": 5,
                    "csat_last_date": day(1),
                    "survey_asked_date": day(4),
                }
            ],
        )
        run = self._run(day(4), full=True)
        self.assertEqual(run.refreshed_count, 0)

    def test_the_day_is_the_company_s(self):
        self.company.lifecycle_tz = "Asia/Shanghai"
        self._answer(self.profile.partner_id, 0, hour=17, nps=8)
        self.assertEqual(self._facts(0), (False, False, False))
        self.assertEqual(self._facts(1), (8, "passive", day(1)))

    def test_a_contact_answers_for_their_company(self):
        firm = self._customer("Firm", is_company=True)
        contact = self._partner("Cid", parent_id=firm.partner_id.id)
        self._answer(contact, nps=10)
        self.assertEqual(self._facts(profile=firm), (10, "promoter", day(0)))

    def test_an_answer_makes_nobody_a_customer(self):
        stranger = self._partner("Stranger")
        self._answer(stranger, nps=10)
        self._run(day(0), full=True)
        self.assertFalse(self._profile(stranger))

    def test_an_answer_that_is_deleted_is_forgotten(self):
        answer = self._answer(self.profile.partner_id, nps=9)
        self._facts()
        self._forget()
        answer.unlink()
        self.assertEqual(self._facts(), (False, False, False))

    def test_a_question_that_measures_nothing_any_more_is_forgotten(self):
        self._answer(self.profile.partner_id, nps=9)
        self._facts()
        self._forget()
        self.survey.question_ids[0].lifecycle_satisfaction_kind = False
        self.assertEqual(self._facts(), (False, False, False))

    def _forget(self):
        """Backdate all rows, so that the next run finds no recent changes."""
        self.env.flush_all()
        for table in ("survey_user_input", "survey_user_input_line"):
            self.env.cr.execute(f"UPDATE {table} SET write_date = '2020-01-01'")
        self.env.cr.execute("DELETE FROM crm_lifecycle_pending")

    def test_nothing_changed_asks_nobody(self):
        self._answer(self.profile.partner_id, nps=9)
        self._facts()
        self._forget()
        self.assertEqual(self._run(day(0)).refreshed_count, 0)

    def test_rules_look_at_the_group(self):
        self._rule(self.risk, [("nps_category", "=", "detractor")])
        self._rule(self.customer, [("nps_last", ">=", 9)])
        self._run()
        self.assertEqual(self.profile.stage_id, self.prospect)
        self._answer(self.profile.partner_id, 1, nps=3)
        self._run(day(1))
        self.assertEqual(self.profile.stage_id, self.risk)
        self._answer(self.profile.partner_id, 2, nps=10)
        self._run(day(2))
        self.assertEqual(self.profile.stage_id, self.customer)

    def test_the_timeline_tells_of_it(self):
        self._answer(self.profile.partner_id, nps=9, csat=4, comment="Quick")
        profile = self.profile.with_user(self.salesperson)
        events = [
            (row["kind"], row["title"], row["detail"])
            for row in profile._get_timeline(9)
        ]
        self.assertIn(("service", "Welcome", "NPS 9, CSAT 4: Quick"), events)
