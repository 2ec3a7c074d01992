"""Answers by a public link: the email names the customer."""

from odoo.tests import tagged

from .common import SurveyCase, day


@tagged("post_install", "-at_install")
class TestPublicAnswer(SurveyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.survey.access_mode = "public"
        cls.ann = cls._customer("Ann", email="ann@example.com")
        cls.bob = cls._customer("Bob", email="bob@example.com")

    def _public(self, email, number=0, score=9, **vals):
        """Answer without a contact, as visitors of the website do."""
        public = self.env.ref("base.public_user")
        answer = self.survey._create_answer(user=public, email=email, **vals)
        answer._save_lines(self.survey.question_ids[0], str(score))
        return self._finish(answer, number)

    def _scores(self, number=0, **kwargs):
        self._run(day(number), **kwargs)
        return [profile.nps_last for profile in (self.ann, self.bob)]

    def _reported(self):
        rows = self.env["crm.lifecycle.satisfaction.report"].search([], order="id")
        return rows.mapped("profile_id")

    def test_an_answer_by_public_link_had_no_customer(self):
        self._public(" Ann <ANN@Example.com>")
        self.assertEqual(self._scores(quick=True), [9, False])
        self.assertRecordValues(
            self.ann, [{"nps_category": "promoter", "survey_asked_date": day(0)}]
        )
        self.assertEqual(self._reported(), self.ann)
        row = self.env["crm.lifecycle.satisfaction.report"].search([])
        self.assertEqual(row.partner_id, self.ann.partner_id)
        titles = [
            event["title"]
            for event in self.ann.with_user(self.salesperson)._get_timeline(9)
        ]
        self.assertIn("Welcome", titles)
        self.assertEqual(self.ann._get_last_survey_date(), day(0))
        run = self._run(day(0), full=True)
        self.assertEqual(run.refreshed_count, 0)

    def test_a_stranger_and_an_unfinished_answer_have_no_customer(self):
        self._public("eve@example.com")
        self._public("no address")
        self._public(False)
        begun = self.survey._create_answer(
            user=self.env.ref("base.public_user"), email="ann@example.com"
        )
        begun._save_lines(self.survey.question_ids[0], "1")
        self.assertEqual(self._scores(), [False, False])

    def test_an_address_of_two_customers_names_none_of_them(self):
        self.bob.partner_id.email = "ann@example.com"
        self._public("ann@example.com")
        self.assertEqual(self._scores(), [False, False])
        self.assertFalse(self._reported())

    def test_an_archived_double_is_no_other_customer(self):
        self.bob.partner_id.email = "ann@example.com"
        self.bob.partner_id.action_archive()
        self._public("ann@example.com")
        self.assertEqual(self._scores()[0], 9)

    def test_two_contacts_of_a_customer_with_one_address_are_the_customer(self):
        self._partner("Ann again", parent_id=self.ann.partner_id.id, email="x@y.com")
        self._partner("Ann too", parent_id=self.ann.partner_id.id, email="x@y.com")
        self._public("x@y.com")
        self.assertEqual(self._scores(), [9, False])

    def test_a_customer_of_another_company_is_not_in_the_way(self):
        other = self.env["res.company"].create({"name": "Other"})
        there = self.env["res.partner"].create(
            {"name": "There", "email": "ann@example.com", "company_id": other.id}
        )
        profile = self.env["crm.lifecycle.profile"].create(
            {"partner_id": there.id, "company_id": other.id}
        )
        self._public("ann@example.com")
        self.assertEqual(self._scores(), [9, False])
        self.env["crm.lifecycle"]._run(other, day(0))
        self.assertEqual(profile.nps_last, 9)
        # Asked by one company, the answer counts there alone.
        self._public("ann@example.com", 1, 2, lifecycle_company_id=self.company.id)
        self.assertEqual(self._scores(1), [2, False])
        self.env["crm.lifecycle"]._run(other, day(1))
        self.assertEqual(profile.nps_last, 9)

    def test_the_signed_in_user_is_the_respondent(self):
        """Bob signs in, and gives the address of Ann."""
        answer = self.survey._create_answer(partner=self.bob.partner_id)
        answer.email = "ann@example.com"
        answer._save_lines(self.survey.question_ids[0], "3")
        self._finish(answer)
        self.assertEqual(self._scores(), [False, 3])

    def test_a_corrected_answer_leaves_the_customer(self):
        answer = self._public("ann@example.com")
        self.assertEqual(self._scores(), [9, False])
        answer.email = "bob@example.com"
        self.assertEqual(self._scores(), [False, 9])
        answer.partner_id = self.ann.partner_id
        self.assertEqual(self._scores(), [9, False])
        answer.partner_id = False
        self.assertEqual(self._scores(), [False, 9])
        answer.unlink()
        self.assertEqual(self._scores(), [False, False])

    def test_who_becomes_a_customer_has_answered_before(self):
        self._public("cyd@example.com")
        cyd = self._customer("Cyd", email="cyd@example.com")
        self._run()
        self.assertEqual(cyd.nps_last, 9)

    def test_a_customer_whose_address_becomes_known_has_answered_before(self):
        self._public("news@example.com")
        self.assertEqual(self._scores(), [False, False])
        self.ann.partner_id.email = "news@example.com"
        self.assertEqual(self._scores(), [9, False])

    def test_a_merged_customer_keeps_public_answers(self):
        self._public("ann@example.com")
        self._scores()
        partners = (self.ann | self.bob).partner_id
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            partners.ids, self.bob.partner_id
        )
        self.env.invalidate_all()
        self._run(day(1))
        self.assertEqual(self._profile(self.bob.partner_id).nps_last, 9)

    def test_each_day_knows_what_was_answered_by_then(self):
        self._public("ann@example.com", 3)
        self.assertEqual(self._scores(0), [False, False])
        self.assertEqual(self._scores(3), [9, False])
