"""One dialog hands the customers and the work of a user over."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..wizard import crm_lifecycle_handover
from .test_leaver import LeaverCase


@tagged("post_install", "-at_install")
class TestHandover(LeaverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bob = cls._customer("Bob", user_id=cls.salesperson.id)
        cls.prospect.write(
            {
                "follow_up_responsible": "other",
                "follow_up_user_id": cls.salesperson.id,
                "follow_up_activity_type_id": cls.env.ref(
                    "mail.mail_activity_data_call"
                ).id,
            }
        )
        cls.lead.user_id = cls.salesperson
        cls.won = cls._lead(
            partner_id=cls.profile.partner_id.id, user_id=cls.salesperson.id
        )
        cls.won.action_set_won()
        cls.todo = cls._todo(cls.profile)
        cls.lead_todo = cls._todo(cls.lead)
        cls.strange = cls._todo(cls.bob, cls.colleague)

    def _open(self, records=None, user=None, **vals):
        """Fill in the dialog, opened from records."""
        context = {}
        if records:
            context = {
                "active_model": records._name,
                "active_id": records[:1].id,
                "active_ids": records.ids,
            }
        form = Form(
            self.env["crm.lifecycle.handover"]
            .with_user(user or self.manager)
            .with_context(**context)
        )
        for name, value in vals.items():
            if name == "to_user_ids":
                form.to_user_ids.clear()
                for item in value:
                    form.to_user_ids.add(item)
            else:
                form[name] = value
        return form

    def _hand_over(self, *args, **vals):
        action = self._open(*args, **vals).save().action_hand_over()
        self.env.flush_all()
        self.env.invalidate_all()
        return action

    def test_the_dialog_counts_what_there_is(self):
        form = self._open(self.salesperson)
        self.assertEqual(form.from_user_id, self.salesperson)
        self.assertEqual(
            (form.customers_count, form.leads_count, form.activities_count),
            (2, 1, 2),
        )
        self.assertEqual(form.stages_count, 1)
        form.from_user_id = self.colleague
        self.assertEqual((form.customers_count, form.activities_count), (0, 1))

    def test_everything_goes_to_one_user(self):
        """After Sally has left, whose activities Tim has got."""
        self.salesperson.action_archive()
        action = self._hand_over(self.salesperson, to_user_id=self.colleague)
        self.assertIn("Customers: 2", action["params"]["message"])
        records = (self.profile, self.bob, self.lead, self.profile.partner_id)
        for record in records:
            self.assertEqual(record.user_id, self.colleague, record)
        self.assertEqual(self.won.user_id, self.salesperson)
        self.assertEqual(self.prospect.follow_up_user_id, self.colleague)
        self._assert_users(self.todo, self.chief)
        self._hand_over(self.chief, to_user_id=self.colleague)
        self._assert_users(self.todo | self.lead_todo, self.colleague)
        again = self._hand_over(self.salesperson, to_user_id=self.colleague)
        self.assertIn("nothing to hand over", again["params"]["message"])

    def test_activities_go_while_the_user_is_still_there(self):
        self._hand_over(self.salesperson, to_user_id=self.colleague)
        self._assert_users(self.todo | self.lead_todo | self.strange, self.colleague)

    def test_only_what_was_chosen(self):
        self._hand_over(
            self.salesperson,
            to_user_id=self.colleague,
            hand_leads=False,
            hand_activities=False,
            hand_stages=False,
        )
        self.assertEqual(self.profile.user_id, self.colleague)
        self.assertEqual(self.lead.user_id, self.salesperson)
        self.assertEqual(self.prospect.follow_up_user_id, self.salesperson)
        self._assert_users(self.todo, self.salesperson)

    def test_only_the_customers_chosen_in_the_list(self):
        self._hand_over(self.profile, to_user_id=self.colleague)
        self.assertEqual(self.profile.user_id, self.colleague)
        self._assert_users(self.todo | self.lead_todo, self.colleague)
        self.assertEqual(self.lead.user_id, self.colleague)
        self.assertEqual(self.bob.user_id, self.salesperson)
        self.assertEqual(self.prospect.follow_up_user_id, self.salesperson)

    def test_the_leader_of_the_team_gets_them(self):
        self.salesperson.action_archive()
        self._hand_over(self.salesperson, target="leader")
        self.assertEqual((self.profile | self.bob).user_id, self.chief)

    def test_several_users_get_equal_parts(self):
        """All work with a customer goes to the same user."""
        self.team.member_ids |= self.colleague | self.leader
        form = self._open(self.salesperson, target="distribute")
        self.assertEqual(
            set(form.to_user_ids.ids), set((self.colleague | self.leader).ids)
        )
        todos = self.env["mail.activity"].union(
            *(
                self._todo(self._customer(f"C{number}", user_id=self.salesperson.id))
                for number in range(4)
            )
        )
        self._hand_over(self.salesperson, target="distribute")
        profiles = self.env["crm.lifecycle.profile"].browse(todos.mapped("res_id"))
        self.assertEqual(profiles.mapped("user_id"), todos.mapped("user_id"))
        for todo, profile in zip(todos, profiles, strict=True):
            self.assertEqual(todo.user_id, profile.user_id)
        counts = [
            len(
                (profiles | self.profile | self.bob).filtered_domain(
                    [("user_id", "=", user.id)]
                )
            )
            for user in (self.colleague, self.leader)
        ]
        self.assertEqual(counts, [3, 3])

    def test_each_company_by_itself(self):
        """The contact of customers of both companies stays with Sally."""
        other = self.env["res.company"].create({"name": "Other"})
        users = self.salesperson | self.colleague | self.manager | self.env.user
        users.company_ids |= other
        partner = self.profile.partner_id
        partner.company_id = False
        both = self.env(context={"allowed_company_ids": [self.company.id, other.id]})
        there = both["crm.lifecycle.profile"].create(
            {"partner_id": partner.id, "company_id": other.id}
        )
        there.user_id = self.salesperson
        self._hand_over(self.salesperson, to_user_id=self.colleague)
        self.assertEqual(self.profile.user_id, self.colleague)
        self.assertEqual(there.user_id, self.salesperson)
        self.assertEqual(partner.user_id, self.salesperson)
        handover = (
            both["crm.lifecycle.handover"]
            .with_user(self.manager)
            .create(
                {
                    "from_user_id": self.salesperson.id,
                    "company_ids": [Command.set(other.ids)],
                    "to_user_id": self.colleague.id,
                }
            )
        )
        handover.action_hand_over()
        self.env.invalidate_all()
        self.assertEqual(there.user_id, self.colleague)
        self.assertEqual(partner.user_id, self.colleague)

    def test_who_can_not_get_them(self):
        other = self.env["res.company"].create({"name": "Other"})
        away = self._user("away", "sales_team.group_sale_salesman")
        away.write({"company_id": other.id, "company_ids": [Command.set(other.ids)]})
        self.team.user_id = False
        for vals, text in (
            ({"to_user_id": self.salesperson}, "to themselves"),
            ({"to_user_id": away}, "does not work in"),
            ({"target": "leader"}, "Choose who gets"),
            (
                {
                    "to_user_id": self.colleague,
                    "hand_customers": False,
                    "hand_leads": False,
                    "hand_activities": False,
                    "hand_stages": False,
                },
                "Choose what",
            ),
        ):
            with self.subTest(text), self.assertRaisesRegex(UserError, text):
                handover = self._open(self.salesperson, **vals).save()
                for kind in handover._get_kinds()[4:]:
                    handover[f"hand_{kind}"] = False
                handover.action_hand_over()
        self.assertEqual(self.profile.user_id, self.salesperson)

    def test_salespeople_and_leaders_hand_nothing_over(self):
        for user in (self.salesperson, self.leader):
            with self.assertRaises(AccessError):
                self.env["crm.lifecycle.handover"].with_user(user).create(
                    {"from_user_id": self.salesperson.id}
                )

    def test_a_manager_hands_over_in_companies_of_their_own(self):
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(AccessError):
            self.env["crm.lifecycle.handover"].with_user(self.manager).create(
                {
                    "from_user_id": self.salesperson.id,
                    "company_ids": [Command.set(other.ids)],
                    "to_user_id": self.colleague.id,
                }
            )

    def test_many_are_handed_over_in_the_background(self):
        self.startPatcher(patch.object(crm_lifecycle_handover, "SMALL_HANDOVER", 3))
        action = self._hand_over(self.salesperson, to_user_id=self.colleague)
        self.assertEqual(action["res_model"], "background.task")
        task = self.env["background.task"].browse(action["res_id"])
        self.assertEqual(self.profile.user_id, self.salesperson)
        with self.enter_registry_test_mode():
            self.env.ref(
                "base_background_task.ir_cron_run_tasks"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(task.state, "done")
        self.assertIn("Customers: 2", task.outcome)
        self.assertEqual((self.profile | self.bob).user_id, self.colleague)
        self._assert_users(self.todo | self.lead_todo, self.colleague)

    def test_the_new_salesperson_is_notified_once(self):
        before = self.env["mail.message"].search([], order="id desc", limit=1).id
        self._hand_over(self.salesperson, to_user_id=self.colleague)
        mails = self.env["mail.message"].search(
            [("id", ">", before), ("partner_ids", "in", self.colleague.partner_id.ids)]
        )
        self.assertEqual(len(mails), 1)
        self.assertIn("customers of sally", mails.subject.lower())

    def test_the_number_of_queries_does_not_grow_with_the_customers(self):
        def count(number):
            for index in range(number):
                self._customer(f"C{number}/{index}", user_id=self.salesperson.id)
            handover = self._open(self.salesperson, to_user_id=self.colleague).save()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            handover.action_hand_over()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(2)
        few, many = count(2), count(20)
        self.assertLessEqual(many, few + 5)
