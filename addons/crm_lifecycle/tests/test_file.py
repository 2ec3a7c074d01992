import base64
import json

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.engine import files

from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestFile(LifecycleCase):
    """Transfer of a lifecycle from one database to another as a file."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.rule = cls._rule(
            cls.engaged, [("won_count", ">", 0)], cls.prospect, name="Wins"
        )
        cls.tag = cls.env["crm.lifecycle.tag"].create(
            {
                "name": "New",
                "code": "new",
                "lifecycle_id": cls.lifecycle.id,
                "domain": "[('first_seen_date', '>', 'today -30d')]",
            }
        )
        cls.files = cls.env["crm.lifecycle.file"].with_user(cls.manager)

    def _export(self, lifecycle=None):
        return json.loads(self.files._export(lifecycle or self.lifecycle))

    def _import(self, data, name="shop.json"):
        content = data if isinstance(data, bytes) else json.dumps(data).encode()
        return self.files._import(content, self.company, name)

    def _changed(self, change):
        """Return the file of the test lifecycle, changed by a function."""
        data = self._export()
        change(data["lifecycle"])
        return data

    def _assert_refused(self, data, words):
        before = self._count()
        with self.assertRaisesRegex((UserError, ValidationError), words):
            self._import(data)
        self.assertEqual(self._count(), before, "nothing is half-written")

    def _count(self):
        return [
            self.env[model].with_context(active_test=False).search_count([])
            for model in ("crm.lifecycle", "crm.lifecycle.stage", "crm.lifecycle.rule")
        ]

    # Files of earlier versions

    def test_a_file_of_an_earlier_version_has_new_names(self):
        def change(lifecycle):
            lifecycle["template_code"] = "t4a"
            lifecycle["rules"][0]["domain"] = [["playbook_step_ids.kind", "=", "mail"]]
            lifecycle["tags"][0]["domain"] = [
                ["stay_ids", "any", [["visit_count", ">", 1]]]
            ]

        lifecycle, left_out = self._import(self._changed(change))
        self.assertFalse(left_out)
        self.assertEqual(lifecycle.template_code, "activity")
        self.assertEqual(
            lifecycle.rule_ids.domain, "[('playbook_log_ids.kind', '=', 'mail')]"
        )
        self.assertEqual(
            lifecycle.tag_ids.domain,
            "[('stage_duration_ids', 'any', [('entry_count', '>', 1)])]",
        )

    # Valid files

    def test_what_was_exported_is_imported_the_same(self):
        self.rule.write({"min_days": 3, "active": False})
        self.engaged.write({"follow_up_days": 5, "guidance": "<p>Call</p>"})
        self._rule(self.lost, ["|", ("lost_count", ">", 2), ("won_count", "=", 0)])
        imported, left_out = self._import(self._export())
        self.assertEqual((imported.state, left_out), ("draft", []))
        self.assertEqual(imported.company_id, self.company)
        self.assertEqual(self._export(imported), self._export())

    def test_each_template_goes_there_and_back(self):
        Template = self.env["crm.lifecycle.template"]
        for code in Template._get_codes():
            with self.subTest(template=code):
                lifecycle = Template._instantiate(code, self.company)
                imported, left_out = self._import(self._export(lifecycle))
                self.assertFalse(left_out)
                self.assertEqual(self._export(imported), self._export(lifecycle))

    def test_names_come_in_every_language(self):
        self.lifecycle.with_context(lang="zh_CN").name = "测试"
        self.rule.with_context(lang="zh_CN").name = "赢单"
        self.engaged.guidance = "<p>Call</p>"
        self.engaged.update_field_translations("guidance", {"zh_CN": {"Call": "致电"}})
        imported, _left_out = self._import(self._export())
        chinese = imported.with_context(lang="zh_CN")
        self.assertEqual((chinese.name, imported.name), ("测试", "Test lifecycle"))
        self.assertEqual(chinese.rule_ids.name, "赢单")
        self.assertEqual(chinese.stage_ids[1].guidance, "<p>致电</p>")

    def test_a_file_in_one_other_language_is_read(self):
        def change(data):
            data["name"] = {"zh_CN": "商店"}
            data["stages"][0]["name"] = "Plain"

        imported, _left_out = self._import(self._changed(change))
        self.assertEqual(imported.name, "商店")
        self.assertEqual(imported.stage_ids[0].name, "Plain")

    def test_a_file_has_no_ids_of_its_database(self):
        country = self.env.ref("base.cn")
        self.rule.domain = repr([("partner_id.country_id", "in", [country.id])])
        data = self._export()
        self.assertNotIn('"id"', json.dumps(data))
        self.assertEqual(
            data["lifecycle"]["rules"][0]["domain"],
            [
                [
                    "partner_id.country_id",
                    "in",
                    [{"model": "res.country", "xml_id": "base.cn", "name": "China"}],
                ]
            ],
        )
        imported, _left_out = self._import(data)
        self.assertEqual(imported.rule_ids.domain, self.rule.domain)

    def test_conditions_name_stages_and_tags_of_their_own_lifecycle(self):
        self.rule.domain = repr(
            [("tag_ids", "in", [self.tag.id]), ("stage_id", "!=", self.lost.id)]
        )
        imported, _left_out = self._import(self._export())
        lost = imported.stage_ids.filtered(lambda stage: stage.code == "lost")
        self.assertEqual(
            imported.rule_ids.domain,
            repr(
                [("tag_ids", "in", [imported.tag_ids.id]), ("stage_id", "!=", lost.id)]
            ),
        )

    def test_plans_and_templates_are_found_by_name(self):
        plan = self.env["mail.activity.plan"].create(
            {"name": "Welcome plan", "res_model": "crm.lifecycle.profile"}
        )
        self.engaged.activity_plan_id = plan
        data = self._export()
        imported, left_out = self._import(data)
        self.assertEqual((imported.stage_ids.activity_plan_id, left_out), (plan, []))
        plan.name = "Another name"
        imported, left_out = self._import(data)
        self.assertFalse(imported.stage_ids.activity_plan_id)
        self.assertEqual(
            left_out,
            [
                (
                    "Stage “Engaged”: Activity Plan “Welcome plan” is not in this "
                    "database, or there are several of that name"
                )
            ],
        )

    def test_a_plan_of_leads_is_not_taken_for_one_of_customers(self):
        plan = self.env["mail.activity.plan"].create(
            {"name": "For customers", "res_model": "crm.lifecycle.profile"}
        )
        self.engaged.activity_plan_id = plan
        data = self._export()
        plan.unlink()
        self.env["mail.activity.plan"].create(
            {"name": "For customers", "res_model": "crm.lead"}
        )
        imported, left_out = self._import(data)
        self.assertFalse(imported.stage_ids.activity_plan_id)
        self.assertEqual(len(left_out), 1)

    def test_server_actions_come_in_by_an_administrator_alone(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Do it",
                "model_id": self.env["ir.model"]._get_id("crm.lifecycle.profile"),
                "state": "code",
                "code": "pass",
            }
        )
        self.engaged.enter_action_ids = action
        data = self._export()
        imported, left_out = self._import(data)
        self.assertFalse(imported.stage_ids.sudo().enter_action_ids)
        self.assertEqual(
            left_out,
            ["Stage “Engaged”: Actions on entry may be set by an administrator only"],
        )
        content = json.dumps(data).encode()
        files = self.env["crm.lifecycle.file"]
        imported, left_out = files._import(content, self.company)
        self.assertFalse(imported.stage_ids.enter_action_ids, "not without a choice")
        self.assertIn("Actions on entry (Do it): actions run code", left_out[0])
        imported, left_out = files._import(content, self.company, with_actions=True)
        self.assertEqual((imported.stage_ids.enter_action_ids, left_out), (action, []))

    def test_a_file_names_only_records_that_its_reader_may_read(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.env["res.partner"].create(
            {"name": "Qzorblat", "company_id": other.id}
        )
        known = self._partner("Ada")
        self.rule.domain = repr([("partner_id", "in", [stranger.id, known.id])])
        text = json.dumps(self._export())
        self.assertIn("Ada", text)
        self.assertNotIn("Qzorblat", text)

    def test_what_another_addon_has_is_reported(self):
        def change(data):
            data["stages"][0]["perk_of_an_addon"] = 5

        imported, left_out = self._import(self._changed(change))
        self.assertTrue(imported)
        self.assertEqual(
            left_out, ["Stage “Prospect”: “perk_of_an_addon” is not known here"]
        )

    # Invalid files

    def test_what_is_no_lifecycle_is_refused(self):
        for content, words in [
            (b"", "not JSON"),
            (b"{", "not JSON"),
            (b"\xff\xfe\x00", "no text"),
            (b"[]", "no lifecycle"),
            (b'{"format": "other"}', "no lifecycle"),
            (b"[" * 100_000, "nested too deeply"),
            (b'{"a": NaN}', "not JSON"),
            (b" " * (files.MAX_BYTES + 1), "larger than 2 MB"),
        ]:
            with self.subTest(content=content[:20]):
                self._assert_refused(content, f"“shop.json” can't be imported.*{words}")

    def test_the_version_of_the_format_is_asked(self):
        for schema, words in [(None, "does not tell"), ("1", "does not"), (2, "newer")]:
            with self.subTest(schema=schema):
                self._assert_refused({**self._export(), "schema": schema}, words)

    def test_what_is_wrong_is_told_in_the_language_of_the_call(self):
        """Regression: values used the user's own language, conditions used English."""
        files = self.files.with_context(lang="zh_CN")
        before = self._count()
        for change in (
            lambda data: data.update(skip_policy="none"),
            lambda data: data["rules"][0].update(domain=["nonsense"]),
            # Reported by a model, on a record that is created in English.
            lambda data: data["stages"][0].update(follow_up_responsible="other"),
        ):
            content = json.dumps(self._changed(change)).encode()
            with self.assertRaisesRegex(UserError, "[\u4e00-\u9fff]{4}"):
                files._import(content, self.company)
            self.assertEqual(self._count(), before)

    def test_what_does_not_fit_together_is_refused_by_name(self):
        changes = {
            "no stages": lambda data: data.update(stages=[]),
            "more than 100 stages": lambda data: data.update(
                stages=[{"name": "S", "code": str(n)} for n in range(101)]
            ),
            "Number 2 of the stages has no “name”": lambda data: data["stages"][1].pop(
                "name"
            ),
            "Two of the stages have the code “prospect”": lambda data: data["stages"][
                1
            ].update(code="prospect"),
            "Two of the tags have the code “new”": lambda data: data["tags"].append(
                data["tags"][0]
            ),
            "rule “Wins” names the stage “gone”": lambda data: data["rules"][0].update(
                to_stage_id="gone"
            ),
            "Number 1 of the rules has no “to_stage_id”": lambda data: data["rules"][
                0
            ].pop("to_stage_id"),
            "Stage “Prospect”: “vip” is no value for Category": lambda data: data[
                "stages"
            ][0].update(category="vip"),
            "Rule “Wins”: “many” is no value for Minimum days": lambda data: data[
                "rules"
            ][0].update(min_days="many"),
            "“Minimum days in stage” of “Wins” must be between 0 and": lambda data: (
                data["rules"][0].update(min_days=-1)
            ),
            "Rule “Wins”: “99999999999” is no value": lambda data: data["rules"][
                0
            ].update(min_days=99999999999),
            "“stages” in it is not as a lifecycle": lambda data: data.update(stages=5),
            "characters that are no text": lambda data: data.update(domain=["\0"]),
        }
        for words, change in changes.items():
            with self.subTest(words=words):
                self._assert_refused(self._changed(change), words)

    def test_a_fact_that_is_not_installed_is_refused_with_what_to_install(self):
        def on(field):
            return self._changed(
                lambda data: data["rules"][0].update(domain=[[field, ">", 1]])
            )

        self._assert_refused(
            on("balance_due_x"), "Rule “Wins” looks at “balance_due_x”.*Install the"
        )
        if "balance_due" not in self.env["crm.lifecycle.profile"]._fields:
            self._assert_refused(
                on("balance_due"), "where Invoicing is installed. Install it first"
            )

    def test_conditions_that_name_what_is_not_here_are_refused(self):
        self._assert_refused(
            self._changed(
                lambda data: data["rules"][0].update(
                    domain=[["user_id", "=", {"name": "Nobody of this name"}]]
                )
            ),
            "Rule “Wins” names “Nobody of this name” in its conditions",
        )

    # Screens

    def test_a_manager_downloads_a_file(self):
        lifecycle = self.lifecycle.with_user(self.manager)
        action = lifecycle.action_export()
        self.assertEqual(
            action["url"],
            f"/web/content/crm.lifecycle/{lifecycle.id}/export_file/"
            "Test_lifecycle.json?download=true",
        )
        content = base64.b64decode(lifecycle.export_file)
        imported, _left_out = self._import(content)
        self.assertEqual(imported.stage_ids.mapped("code")[0], "prospect")

    def test_a_salesperson_neither_exports_nor_imports(self):
        lifecycle = self.lifecycle.with_user(self.salesperson)
        with self.assertRaises(AccessError):
            lifecycle.action_export()
        with self.assertRaises(AccessError):
            lifecycle.export_file  # noqa: B018
        with self.assertRaises(AccessError):
            self.env["crm.lifecycle.file"].with_user(self.salesperson)._import(
                json.dumps(self._export()).encode(), self.company
            )

    def test_a_lifecycle_of_a_company_that_one_may_not_see_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(AccessError):
            self.files._import(json.dumps(self._export()).encode(), other)

    def test_looking_does_not_cost_more_with_more_rules(self):
        self._export()
        self.env.invalidate_all()
        with self.assertQueryCount(20):
            self.files._export(self.lifecycle)
        for _index in range(20):
            self._rule(self.engaged, [("won_count", ">", 0)], self.prospect)
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(20):
            self.files._export(self.lifecycle)

    def test_a_lifecycle_whose_actions_are_many_is_written_whole(self):
        self.lifecycle.write(
            {"rule_ids": [Command.create({"name": "R", "to_stage_id": self.lost.id})]}
        )
        self.assertEqual(len(self._export()["lifecycle"]["rules"]), 2)
