import json

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from odoo.addons.crm_lifecycle.access import find_unreadable

from .common import TODAY, LifecycleCase

# A manager of Sales may read the messages of a customer, but no mail server.
SERVER = "message_ids.mail_server_id"
DOTTED = [(f"{SERVER}.smtp_pass", "=like", "Z%")]
NESTED = [
    ("message_ids", "any", [("mail_server_id", "any", [("smtp_pass", "=like", "Z%")])])
]
HIDDEN = [DOTTED, NESTED, ["|", ("won_count", ">", 0), *NESTED], ["!", *DOTTED]]


@tagged("post_install", "-at_install")
class TestConditionAccess(LifecycleCase):
    """Conditions use nothing that their author may not read.

    Runs evaluate them as superuser, and Explain and Test show their values.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer(user_id=cls.salesperson.id)
        cls.server = cls.env["ir.mail_server"].create(
            {"name": "Post", "smtp_host": "localhost", "smtp_pass": "Zebra-9"}
        )
        cls.profile.message_post(body="Hello").mail_server_id = cls.server
        cls.rule = cls._rule(cls.engaged, [])
        cls.tag = cls.env["crm.lifecycle.tag"].create(
            {"name": "New", "code": "new", "lifecycle_id": cls.lifecycle.id}
        )
        cls.draft = cls.lifecycle.copy()

    def _get_holders(self):
        """Return a record of each model with conditions, and values of a new one."""
        mine = {"lifecycle_id": self.lifecycle.id, "name": "Spy"}
        return [
            (self.rule, {**mine, "to_stage_id": self.engaged.id}),
            (self.tag, {**mine, "code": "spy"}),
            (self.draft, {"name": "Spy", "company_id": self.company.id}),
        ]

    def test_every_model_with_conditions_is_tried(self):
        holders = {
            (model._name, name)
            for model in self.env.registry.values()
            if model._original_module == "crm_lifecycle" and not model._abstract
            for name, field in model._fields.items()
            if name.endswith("domain")
            and field.type in ("char", "text")
            and field.store
        }
        self.assertEqual(
            holders, {(record._name, "domain") for record, _vals in self._get_holders()}
        )

    def test_a_manager_cannot_write_conditions_on_what_is_hidden(self):
        for record, vals in self._get_holders():
            record = record.with_user(self.manager)
            for domain in HIDDEN:
                values = {"domain": repr(domain)}
                with self.subTest(model=record._name, domain=domain):
                    with self.assertRaises(AccessError) as refused:
                        record.write(values)
                    self.assertIn("Outgoing mail server", str(refused.exception))
                    with self.assertRaises(AccessError):
                        record.create({**vals, **values})

    def test_rights_that_code_adds_do_not_help_the_author(self):
        rule = self.rule.with_user(self.manager).sudo()
        with self.assertRaises(AccessError):
            rule.domain = repr(DOTTED)

    def test_an_administrator_may_look_at_what_they_read(self):
        admin = self._user("ada", "sales_team.group_sale_manager,base.group_system")
        domain = [(f"{SERVER}.smtp_host", "=", "localhost")]
        self.rule.with_user(admin).domain = repr(domain)
        self.assertIn("smtp_host", self.rule.domain)

    def test_a_copy_is_written_by_the_one_who_copies(self):
        self.rule.domain = repr(DOTTED)
        for record in (self.rule, self.lifecycle):
            with self.assertRaises(AccessError):
                record.with_user(self.manager).copy()

    def test_a_file_cannot_bring_hidden_conditions(self):
        files = self.env["crm.lifecycle.file"].with_user(self.manager)
        for part in ("rules", "tags", None):
            data = json.loads(files._export(self.lifecycle))
            item = data["lifecycle"][part][0] if part else data["lifecycle"]
            for domain in HIDDEN:
                item["domain"] = domain
                content = json.dumps(data).encode()
                with (
                    self.subTest(part=part, domain=domain),
                    self.assertRaises(AccessError),
                ):
                    files._import(content, self.company)

    def test_a_version_cannot_be_restored_by_one_who_may_not_read_it(self):
        self.rule.domain = repr(DOTTED)
        self.env.flush_all()
        version = self.lifecycle.version_ids[0]
        with self.assertRaises(AccessError):
            version.with_user(self.manager).action_restore()

    def test_a_rule_that_is_not_saved_cannot_be_tested_on_what_is_hidden(self):
        form = Form(self.rule.with_user(self.manager))
        form.test_profile_id = self.profile
        for value in ("Z%", "A%"):
            form.domain = repr([(f"{SERVER}.smtp_pass", "=like", value)])
            self.assertIn("which you may not read", form.test_result)
            self.assertNotIn("Holds", form.test_result)

    def test_hidden_conditions_and_values_are_not_shown(self):
        self.rule.domain = repr(DOTTED)
        self.env.flush_all()
        for user in (self.salesperson, self.manager):
            profile = self.profile.with_user(user)
            self.assertIn("a condition that you may not see", profile.explanation)
            for word in ("Zebra", "Z%", "smtp", "fa-check", "fa-times"):
                self.assertNotIn(word, profile.explanation)
            versions = self.lifecycle.with_user(user).version_ids
            self.assertNotIn("Z%", "".join(versions.mapped("changes")))
            with self.assertRaises(AccessError):
                versions.mapped("snapshot")

    def test_the_test_of_a_lifecycle_hides_what_its_reader_may_not_read(self):
        self.rule.domain = repr(["|", ("won_count", ">", 0), *NESTED])
        wizard = self.env["crm.lifecycle.test"].with_user(self.manager)
        test = wizard.create(
            {
                "lifecycle_id": self.lifecycle.id,
                "profile_id": self.profile.id,
                "as_of": TODAY,
            }
        )
        self.assertIn("a condition that you may not see", test.result)
        self.assertIn("Won leads more than 0", test.result)
        self.assertNotIn("Z%", test.result)

    def test_values_beyond_the_customer_are_read_as_the_reader(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.env["res.partner"].create(
            {
                "name": "Qzorblat",
                "company_id": other.id,
                "parent_id": self.profile.partner_id.id,
            }
        )
        self.rule.domain = "[('partner_id.child_ids.name', '=', 'Qzorblat')]"
        self.assertNotIn(
            "now: Qzorblat", self.profile.with_user(self.salesperson).explanation
        )
        self.env.invalidate_all()
        self.assertIn("now: Qzorblat", self.profile.explanation)

    def test_names_of_records_that_the_reader_may_not_read_are_not_shown(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.env["res.partner"].create(
            {"name": "Qzorblat", "company_id": other.id}
        )
        rule = self.rule.with_user(self.manager)
        rule.domain = repr([("partner_id", "in", [stranger.id])])
        self.env.flush_all()
        shown = self.profile.with_user(self.manager).explanation
        versions = self.lifecycle.with_user(self.manager).version_ids
        for text in (shown, *versions.mapped("changes")):
            self.assertNotIn("Qzorblat", text)

    def test_paths_are_followed_step_by_step(self):
        Profile = self.profile.with_user(self.manager)
        self.assertFalse(find_unreadable(Profile, [("stage_id.category", "=", "lost")]))
        for domain, path in [
            (DOTTED, f"{SERVER}.smtp_pass"),
            (NESTED, f"{SERVER}"),
            ([(SERVER, "=", 1)], SERVER),
            ([(f"{SERVER}.name", "=", "Post")], f"{SERVER}.name"),
        ]:
            self.assertEqual(find_unreadable(Profile, domain), path)
