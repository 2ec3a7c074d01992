from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common import AccountLifecycleCase


@tagged("post_install", "-at_install")
class TestAccess(AccountLifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mine = cls._partner("Mine", user_id=cls.salesperson.id)
        cls.theirs = cls._partner("Theirs", user_id=cls.colleague.id)
        cls.invoices = {
            partner: cls._invoice(partner, 100, days_ago=10)
            for partner in (cls.mine, cls.theirs)
        }
        cls._run()

    def test_a_salesperson_reads_what_their_customers_owe(self):
        profiles = self.env["crm.lifecycle.profile"].with_user(self.salesperson)
        found = profiles.search([("overdue_amount", ">", 0)])
        self.assertEqual(found, self._profile(self.mine))
        self.assertEqual(found.overdue_amount, 100)
        with self.assertRaises(AccessError):
            self._profile(self.theirs).with_user(self.salesperson).read(["balance_due"])

    def test_contacts_show_a_salesperson_what_their_customers_owe(self):
        partners = self.mine | self.theirs
        mine, theirs = partners.with_user(self.salesperson)
        self.assertEqual(mine.lifecycle_overdue_amount, 100)
        self.assertFalse(theirs.lifecycle_overdue_amount)

    def test_who_has_no_part_in_sales_sees_no_amounts(self):
        clerk = new_test_user(
            self.env,
            "clerk",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        names = self.env["res.partner"].with_user(clerk).fields_get()
        self.assertFalse({name for name in names if name.startswith("lifecycle_")})
        with self.assertRaises(AccessError):
            self._profile(self.mine).with_user(clerk).read(["overdue_since"])

    def test_facts_are_nobodys_to_write(self):
        profile = self._profile(self.mine).with_user(self.salesperson)
        with self.assertRaisesRegex(Exception, "Balance due"):
            profile.balance_due = 0

    def test_a_biller_without_a_part_in_sales_opens_an_invoice(self):
        biller = self._user("bill", "account.group_account_invoice")
        with Form(self.invoices[self.mine].with_user(biller)) as form:
            self.assertNotIn("lifecycle_stage_id", form._view["fields"])

    def test_an_invoice_shows_the_stage_of_the_users_customers(self):
        user = self._user(
            "both", "account.group_account_invoice,sales_team.group_sale_salesman"
        )
        user = user | self.salesperson
        self.mine.user_id = user[0]
        self._run()
        mine, theirs = (
            self.invoices[p].with_user(user[0]) for p in (self.mine, self.theirs)
        )
        self.assertEqual(mine.lifecycle_stage_id, self.prospect)
        self.assertFalse(theirs.lifecycle_stage_id)
        action = mine.action_open_lifecycle_profile()
        self.assertEqual(action["res_id"], self._profile(self.mine).id)

    def test_an_entry_has_no_stage(self):
        payment = self._pay(self.mine, 10)
        self.assertFalse(payment.lifecycle_stage_id)
