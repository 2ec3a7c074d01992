from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import RiskCase


@tagged("post_install", "-at_install")
class TestAccess(RiskCase):
    def test_a_salesperson_works_on_the_cases_of_their_customers(self):
        case = self._case(user_id=self.salesperson.id)
        mine = case.with_user(self.salesperson)
        mine.write({"amount": 500, "reason_id": self.reason.id})
        mine.action_save_customer()
        mine.action_set_saved()
        self.assertEqual(case.state, "saved")

    def test_a_colleague_does_not_see_them(self):
        case = self._case(user_id=self.salesperson.id)
        with self.assertRaises(AccessError):
            case.with_user(self.colleague).read(["amount"])
        self.assertTrue(case.with_user(self.leader).read(["amount"]))

    def test_another_company_does_not_see_them(self):
        case = self._case()
        other = self.env["res.company"].create({"name": "Other"})
        self.manager.write({"company_ids": [(4, other.id)]})
        away = case.with_user(self.manager).with_context(allowed_company_ids=other.ids)
        self.assertFalse(away.search([("id", "=", case.id)]))

    def test_managers_alone_edit_the_reasons(self):
        """Reasons are shared by all companies, so only managers edit them."""
        for user in self.salesperson | self.manager:
            with self.assertRaises(AccessError):
                self.reason.with_user(user).name = "Other"
        self.manager.company_ids = self.env["res.company"].sudo().search([])
        self.reason.with_user(self.manager).name = "Other"

    def test_a_case_shows_no_customer_that_one_may_not_see(self):
        self.profile.user_id = self.colleague
        self.env.flush_all()
        self.env.invalidate_all()
        cases = self.env["crm.lifecycle.risk.case"].with_user(self.salesperson)
        values = {"profile_id": self.profile.id}
        spec = {"display_name": {}, "profile_id": {}, "amount": {}}
        with self.assertRaises(AccessError):
            cases.create(values)
        with self.assertRaises(AccessError):
            cases.onchange(values, ["profile_id"], spec)
        with self.assertRaises(AccessError):
            cases.with_context(default_profile_id=self.profile.id).onchange(
                {}, [], spec
            )
        mine = self._customer("Bob", user_id=self.salesperson.id)
        case = cases.create({"profile_id": mine.id})
        with self.assertRaises(AccessError):
            case.profile_id = self.profile.id

    def test_a_merge_by_others_leaves_the_open_case(self):
        """The older open case stays, unless the user has no access to it."""
        mine = self._customer("Bob", user_id=self.salesperson.id)
        newer = self.env["crm.lifecycle.risk.case"]
        older = newer.create({"profile_id": mine.id, "note": "<p>mine</p>"})
        self.profile.user_id = self.colleague
        newer = self._case(user_id=self.colleague.id)
        self.env.flush_all()
        self.env.invalidate_all()
        mine.partner_id.with_user(self.salesperson).parent_id = self.profile.partner_id
        self.assertEqual(older.state, "cancelled")
        self.assertEqual(newer.state, "open")
        self.assertEqual(self._cases(), newer | older)

    def test_what_was_known_is_for_managers(self):
        case = self._case(user_id=self.salesperson.id)
        case.action_set_lost()
        with self.assertRaises(AccessError):
            case.with_user(self.salesperson).read(["facts"])
        self.assertTrue(case.with_user(self.manager).facts)

    def test_a_form_of_contacts_shows_the_count_to_salespeople(self):
        self._case(user_id=self.salesperson.id)
        partner = self.profile.partner_id.with_user(self.salesperson)
        self.assertEqual(partner.lifecycle_risk_case_count, 1)
        action = partner.action_open_lifecycle_risk_cases()
        self.assertEqual(action["res_id"], self._cases().id)
