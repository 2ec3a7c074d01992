from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LifecycleCase

SECRET = "Secret Name"


@tagged("post_install", "-at_install")
class TestReference(LifecycleCase):
    """Users who name a record by its id only see it if they may read it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.env["res.company"].create({"name": "There"})
        cls.lead = cls._lead(name=SECRET, user_id=cls.colleague.id)
        cls.theirs = cls._customer("Theirs", user_id=cls.colleague.id)
        cls.mine = cls._customer("Mine", user_id=cls.salesperson.id)
        cls.foreign = cls.env["res.partner"].create(
            {"name": SECRET, "company_id": cls.there.id}
        )
        cls.env.flush_all()
        cls.env.invalidate_all()

    def _model(self, name, user=None, **context):
        self.env.invalidate_all()
        return (
            self.env[name].with_user(user or self.salesperson).with_context(**context)
        )

    # ------------------------------------------------------------
    # New customers
    # ------------------------------------------------------------

    def test_no_profile_of_a_lead_or_contact_that_one_may_not_read(self):
        for values in ({"lead_id": self.lead.id}, {"partner_id": self.foreign.id}):
            with self.subTest(values), self.assertRaises(AccessError) as caught:
                self._model("crm.lifecycle.profile").web_save(
                    values, {"display_name": {}}
                )
            self.assertNotIn(SECRET, str(caught.exception))

    def test_no_name_in_a_form_that_is_not_saved(self):
        for values in ({"lead_id": self.lead.id}, {"partner_id": self.foreign.id}):
            with self.subTest(values), self.assertRaises(AccessError) as caught:
                self._model("crm.lifecycle.profile").onchange(
                    values, list(values), {"display_name": {}, "phone": {}}
                )
            self.assertNotIn(SECRET, str(caught.exception))

    def test_no_name_by_a_default_value(self):
        spec = {"display_name": {}, "lead_id": {"fields": {"display_name": {}}}}
        model = self._model("crm.lifecycle.profile", default_lead_id=self.lead.id)
        with self.assertRaises(AccessError):
            model.onchange({}, [], spec)
        with self.assertRaises(AccessError):
            model.default_get(["lead_id"])
        with self.assertRaises(AccessError):
            model.create({})
        model = self._model("crm.lifecycle.profile", default_partner_id=self.foreign.id)
        with self.assertRaises(AccessError):
            model.onchange({}, [], {"display_name": {}, "partner_id": {}})

    def test_no_name_by_an_import(self):
        self.env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": "foreign",
                "model": "res.partner",
                "res_id": self.foreign.id,
            }
        )
        for column, value in (
            ("partner_id/id", "__import__.foreign"),
            ("partner_id/.id", str(self.foreign.id)),
            ("lead_id/.id", str(self.lead.id)),
        ):
            result = self._model("crm.lifecycle.profile", import_file=True).load(
                [column, "stage_id"], [[value, "Engaged"]]
            )
            self.assertFalse(result["ids"])
            self.assertTrue(result["messages"])
            self.assertNotIn(SECRET, str(result["messages"]))

    def test_what_one_may_read_may_be_added(self):
        lead = self._lead(name="Own", user_id=self.salesperson.id)
        free = self._partner("Free")
        profiles = self._model("crm.lifecycle.profile")
        self.assertEqual(profiles.create({"lead_id": lead.id}).display_name, "Own")
        self.assertEqual(profiles.create({"partner_id": free.id}).display_name, "Free")
        self.assertTrue(
            profiles.onchange(
                {"partner_id": free.id}, ["partner_id"], {"display_name": {}}
            )
        )

    def test_a_form_of_ones_customer_whose_lead_is_a_colleagues(self):
        lead = self._lead(name="Shared", user_id=self.salesperson.id)
        profile = self._model("crm.lifecycle.profile").create({"lead_id": lead.id})
        profile.user_id = self.salesperson
        lead.user_id = self.colleague
        self.env.flush_all()
        profile.onchange(
            {"lead_id": lead.id, "note": "x"}, ["note"], {"display_name": {}}
        )

    def test_no_profile_in_a_company_that_is_not_ones_own(self):
        partner = self._partner("Shared", company_id=False)
        with self.assertRaises(AccessError):
            self._model("crm.lifecycle.profile").create(
                {"partner_id": partner.id, "company_id": self.there.id}
            )

    # ------------------------------------------------------------
    # Wizards
    # ------------------------------------------------------------

    def _get_wizards(self):
        """Return ``[(model, field, value, other values, user)]``."""
        theirs = self.theirs.id
        many = [Command.set([theirs])]
        sally = self.salesperson
        return [
            ("crm.lifecycle.profile.call", "profile_id", theirs, {}, sally),
            ("crm.lifecycle.profile.assign", "profile_ids", many, {}, sally),
            (
                "crm.lifecycle.profile.move",
                "profile_ids",
                many,
                {"stage_id": self.risk.id, "reason": "x"},
                sally,
            ),
            ("crm.lifecycle.profile.pin", "profile_ids", many, {}, sally),
            (
                "crm.lifecycle.transfer",
                "profile_ids",
                many,
                {"lifecycle_id": self.lifecycle.id, "reason": "x"},
                sally,
            ),
        ]

    def test_wizards_name_no_customers_that_one_may_not_see(self):
        for model, field, value, values, user in self._get_wizards():
            with self.subTest(model):
                wizards = self._model(model, user)
                with self.assertRaises(AccessError):
                    wizards.create({**values, field: value})
                with self.assertRaises(AccessError):
                    wizards.onchange(
                        {**values, field: value}, [field], {"display_name": {}}
                    )
                with self.assertRaises(AccessError):
                    wizards.with_context(**{f"default_{field}": value}).default_get(
                        [field]
                    )

    def test_wizards_are_not_led_to_another_customer(self):
        for model, field, value, values, user in self._get_wizards():
            if user != self.salesperson:
                continue
            with self.subTest(model):
                mine = [Command.set(self.mine.ids)]
                own = self.mine.id if field == "profile_id" else mine
                wizard = self._model(model, user).create({**values, field: own})
                with self.assertRaises(AccessError):
                    wizard.write({field: value})

    def test_a_call_shows_no_activity_of_others(self):
        activity = self.theirs.activity_schedule(
            "mail.mail_activity_data_call", summary=SECRET, user_id=self.colleague.id
        )
        with self.assertRaises(AccessError):
            self._model("crm.lifecycle.profile.call").create(
                {"profile_id": self.mine.id, "activity_id": activity.id}
            )

    def test_no_lifecycle_of_another_company_is_tested(self):
        lifecycle = self.env["crm.lifecycle"].create(
            {"name": SECRET, "company_id": self.there.id}
        )
        for model in ("crm.lifecycle.test", "crm.lifecycle.preview"):
            with self.subTest(model), self.assertRaises(AccessError):
                self._model(model, self.manager).create({"lifecycle_id": lifecycle.id})
