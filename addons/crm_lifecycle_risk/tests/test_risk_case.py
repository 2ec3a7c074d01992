"""Cases of customers at risk: opening, owner, closing, and kept values."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import RiskCase


@tagged("post_install", "-at_install")
class TestRiskCase(RiskCase):
    # ------------------------------------------------------------
    # Opening
    # ------------------------------------------------------------

    def test_entering_a_stage_at_risk_opens_the_case_for_the_salesperson(self):
        self.risk.write({"risk_days": 10, "risk_reason_id": self.reason.id})
        steps = self._go(self.risk)
        self.assertEqual(self._log(steps), [("risk_open", "Open a risk case", "done")])
        self.assertRecordValues(
            self._cases(),
            [
                {
                    "user_id": self.salesperson.id,
                    "state": "open",
                    "reason_id": self.reason.id,
                    "date_opened": TODAY,
                    "date_due": TODAY + timedelta(days=10),
                    "stage_id": self.risk.id,
                    "move_id": steps.history_id.id,
                    "company_id": self.company.id,
                }
            ],
        )
        self.assertRecordValues(
            self._cases().activity_ids,
            [
                {
                    "user_id": self.salesperson.id,
                    "date_deadline": TODAY + timedelta(days=10),
                }
            ],
        )

    def test_a_second_stage_at_risk_opens_no_second_case(self):
        worse = self.risk.copy({"code": "worse", "name": "Worse"})
        self.assertTrue(worse.opens_risk_case)
        steps = self._go(self.risk, worse)
        self.assertEqual(steps.mapped("state"), ["done", "skipped"])
        self.assertEqual(len(self._cases()), 1)
        self.assertEqual(self._cases().state, "open")

    def test_a_stage_may_open_none(self):
        self.risk.opens_risk_case = False
        self.assertFalse(self._go(self.risk))
        self.assertFalse(self._cases())

    def test_a_quiet_move_opens_none(self):
        self._move(self.profile, self.risk, quiet=True)
        self.assertFalse(self._work())

    def test_who_has_left_again_gets_none(self):
        self._move(self.profile, self.risk, self.customer)
        steps = self._work()
        self.assertEqual(
            self._log(steps), [("risk_open", "Open a risk case", "skipped")]
        )
        self.assertFalse(self._cases())

    def test_a_customer_without_salesperson_has_a_case_without_owner(self):
        self.profile.user_id = False
        steps = self._go(self.risk)
        self.assertEqual(steps.state, "done")
        self.assertTrue(steps.reason)
        self.assertFalse(self._cases().user_id)

    @mute_logger("odoo.sql_db")
    def test_two_open_cases_of_one_customer_are_refused(self):
        self._case()
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._case()
            self.env.flush_all()

    # ------------------------------------------------------------
    # Closing
    # ------------------------------------------------------------

    def test_coming_back_closes_the_case_as_saved(self):
        steps = self._go(self.risk, self.customer)
        self.assertEqual(
            self._log(steps),
            [
                ("risk_open", "Open a risk case", "done"),
                ("risk_close", "Close the risk case", "done"),
            ],
        )
        case = self._cases()
        self.assertRecordValues(
            case,
            [
                {
                    "state": "saved",
                    "date_closed": TODAY,
                    "closing_move_id": steps[1].history_id.id,
                }
            ],
        )
        self.assertFalse(case.activity_ids)

    def test_the_history_explains_both(self):
        rule = self._rule(self.risk, [("won_count", "=", 0)])
        self._move(self.profile, self.risk, rule=rule)
        self._work()
        back = self._rule(self.customer, [("won_count", ">=", 0)], active=False)
        self._move(self.profile, self.customer, rule=back)
        self._work()
        case = self._cases()
        self.assertEqual(case.move_explanation, "to Risk (Won leads: 0)")
        self.assertEqual(case.closing_explanation, "to Customer (Won leads: 0)")
        kinds = self.profile.history_ids.playbook_log_ids.mapped("kind")
        self.assertCountEqual(kinds, ["risk_open", "risk_close"])

    def test_being_lost_closes_it_as_lost_with_what_was_known(self):
        self._go(self.risk, self.lost)
        case = self._cases()
        self.assertEqual(case.state, "lost")
        self.assertEqual(case.facts["stage_id"], "Lost")
        self.assertEqual(case.facts["open_lead_count"], 1)
        self.assertEqual(case.facts["first_seen_date"], str(TODAY))
        self.assertIn("Open leads", case.facts_summary)

    def test_the_facts_stay_when_the_customer_moves_on(self):
        self._go(self.risk, self.lost)
        self._lead(partner_id=self.profile.partner_id.id)
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(self.profile.open_lead_count, 2)
        self.assertEqual(self._cases().facts["open_lead_count"], 1)

    def test_another_time_at_risk_is_another_case(self):
        self._go(self.risk, self.customer, self.risk)
        self.assertEqual(self._cases().mapped("state"), ["open", "saved"])

    def test_a_person_closes_a_case_too(self):
        case = self._case(date_opened=TODAY - timedelta(days=3))
        case.action_set_lost()
        self.assertEqual(case.state, "lost")
        self.assertTrue(case.date_closed)
        self.assertTrue(case.facts)

    # ------------------------------------------------------------
    # Closed cases
    # ------------------------------------------------------------

    def test_a_closed_case_stays_as_it_was(self):
        self._go(self.risk, self.lost)
        case = self._cases()
        for vals in (
            {"state": "open"},
            {"amount": 7},
            {"date_opened": "2020-01-01"},
            {"profile_id": self._customer("Bob").id},
        ):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                case.write(vals)
        with self.assertRaises(UserError):
            case.unlink()

    def test_why_it_came_so_may_be_found_out_later(self):
        self._go(self.risk, self.lost)
        case = self._cases().with_user(self.salesperson)
        case.write({"reason_id": self.reason.id, "lesson": "Ask earlier"})
        self.assertEqual(case.reason_id, self.reason)

    def test_nobody_writes_what_was_known_by_hand(self):
        case = self._case()
        for user in (self.salesperson, self.manager):
            with self.subTest(user=user.login), self.assertRaises(UserError):
                case.with_user(user).write({"facts": {"won_count": 9}})

    # ------------------------------------------------------------
    # Plan
    # ------------------------------------------------------------

    def test_starting_the_plan_puts_it_on_peoples_lists(self):
        self.risk.risk_plan_id = self._plan({"summary": "Call"}, {"summary": "Offer"})
        self._go(self.risk)
        case = self._cases().with_user(self.salesperson)
        case.action_start_plan()
        self.assertEqual(case.state, "planned")
        self.assertEqual(
            case.activity_ids.filtered("summary").mapped("summary")[-2:],
            ["Call", "Offer"],
        )
        self.assertEqual(case.activity_ids.user_id, self.salesperson)

    def test_a_call_on_the_case_is_a_contact_with_the_customer(self):
        self._go(self.risk)
        case = self._cases()
        activity = case.activity_schedule("mail.mail_activity_data_call")
        self._set_create_date(activity, 0)
        activity.with_context(mail_activity_quick_update=True)._action_done()
        activity.date_done = TODAY
        self._run(TODAY)
        self.assertEqual(self.profile.last_contact_date, TODAY)

    def test_the_timeline_tells_of_it(self):
        self._go(self.risk, self.lost)
        labels = [row["label"] for row in self.profile._get_timeline(20)]
        self.assertIn("Risk case opened", labels)
        self.assertIn("Customer lost", labels)
