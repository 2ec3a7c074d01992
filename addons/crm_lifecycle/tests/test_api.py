import json
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import TODAY, LifecycleCase

QUIET = mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")


@tagged("post_install", "-at_install")
class TestApi(LifecycleCase, HttpCase):
    """The calls of docs/API.md, over HTTP with the API key of a salesperson."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rule(cls.risk, [("first_seen_date", "<=", "today -30d")])
        cls.profile = cls._customer("Ada", email="ada@example.com")
        cls.strange = cls._customer("Bob")
        cls.strange.user_id = cls.colleague
        cls.keys = {
            user: cls.env["res.users.apikeys"]
            .with_user(user)
            .sudo()
            ._generate("rpc", "Test", fields.Datetime.now() + timedelta(days=1))
            for user in cls.salesperson | cls.manager
        }
        cls.env.flush_all()

    def _call(self, model, method, user=None, key=None, **params):
        self.env.flush_all()
        answer = self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(params),
            headers={
                "Authorization": f"bearer {key or self.keys[user or self.salesperson]}",
                "Content-Type": "application/json",
            },
        )
        self.env.invalidate_all()
        return answer.status_code, answer.json()

    def _assert_refused(self, answer, status, text):
        """Assert a clear message for users; Odoo adds the traceback elsewhere."""
        code, body = answer
        self.assertEqual(code, status, body)
        self.assertIn(text, body["message"])
        self.assertNotIn("Traceback", body["message"])

    # ------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------

    def test_the_stage_and_facts_of_a_customer(self):
        code, found = self._call(
            "crm.lifecycle.profile",
            "search_read",
            domain=[["partner_id.email", "=", "ada@example.com"]],
            fields=["stage_id", "stage_date", "first_seen_date", "open_lead_count"],
        )
        self.assertEqual(code, 200)
        self.assertEqual(
            found,
            [
                {
                    "id": self.profile.id,
                    "stage_id": [self.prospect.id, "Prospect"],
                    "stage_date": str(TODAY),
                    "first_seen_date": str(TODAY),
                    "open_lead_count": 1,
                }
            ],
        )

    def test_customers_of_a_stage(self):
        code, found = self._call(
            "crm.lifecycle.profile",
            "search_read",
            domain=[["stage_id.code", "=", "prospect"]],
            fields=["display_name"],
        )
        self.assertEqual(code, 200)
        self.assertEqual([row["display_name"] for row in found], ["Ada"])

    def test_how_many_customers_are_in_each_stage(self):
        code, found = self._call(
            "crm.lifecycle.profile",
            "formatted_read_group",
            user=self.manager,
            domain=[["company_id", "=", self.company.id]],
            groupby=["stage_id"],
            aggregates=["__count"],
        )
        self.assertEqual(code, 200)
        counts = {row["stage_id"][1]: row["__count"] for row in found}
        self.assertEqual(counts["Prospect"], 2)

    def test_the_history_of_a_customer(self):
        code, found = self._call(
            "crm.lifecycle.history",
            "search_read",
            domain=[["partner_id", "=", self.profile.partner_id.id]],
            fields=["date", "from_stage_id", "to_stage_id", "origin", "explanation"],
            order="date desc, id desc",
        )
        self.assertEqual(code, 200)
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]["to_stage_id"], [self.prospect.id, "Prospect"])
        self.assertEqual(found[0]["origin"], "start")

    def test_the_explanation_of_a_customer(self):
        code, found = self._call(
            "crm.lifecycle.profile", "explain", ids=self.profile.ids
        )
        self.assertEqual(code, 200)
        self.assertEqual((found["customer"], found["stage"]), ("Ada", "prospect"))
        self.assertEqual(found["why"]["reason"], "Enters the lifecycle")
        [rule] = found["rules"]
        self.assertEqual((rule["rule"], rule["to"]), ("to Risk", "risk"))
        self.assertIn("First seen", json.dumps(rule["conditions"]))

    def test_an_explanation_in_another_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        code, found = self._call(
            "crm.lifecycle.profile",
            "explain",
            ids=self.profile.ids,
            context={"lang": "zh_CN"},
        )
        self.assertEqual(code, 200)
        self.assertEqual(found["stage"], "prospect")

    # ------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------

    def test_a_move_with_a_reason(self):
        self.company.lifecycle_hold_days = 7
        code, found = self._call(
            "crm.lifecycle.profile",
            "action_move",
            ids=self.profile.ids,
            stage="engaged",
            reason="Asked for a price in the shop",
        )
        self.assertEqual(code, 200, found)
        today = self.company._lifecycle_today()
        held_until = str(today + timedelta(days=7))
        self.assertEqual(
            found,
            [
                {
                    "id": self.profile.id,
                    "stage": "engaged",
                    "stage_date": str(today),
                    "held_until": held_until,
                    "next_move": {
                        "date": held_until,
                        "rule": "to Risk",
                        "to": "risk",
                        "to_name": "Risk",
                    },
                }
            ],
        )
        row = self.profile.history_ids.sorted("id")[-1]
        self.assertEqual(row.origin, "manual")
        self.assertEqual(row.reason, "Asked for a price in the shop")
        self.assertEqual(row.user_id, self.salesperson)

    def test_a_stage_may_be_named_by_its_id(self):
        code, _found = self._call(
            "crm.lifecycle.profile",
            "action_move",
            ids=self.profile.ids,
            stage=self.customer.id,
            reason="x",
        )
        self.assertEqual(code, 200)
        self.assertEqual(self.profile.stage_id, self.customer)

    def test_a_pin(self):
        code, found = self._call(
            "crm.lifecycle.profile",
            "write",
            ids=self.profile.ids,
            vals={"pinned_until": "2030-12-31"},
        )
        self.assertEqual((code, found), (200, True))
        self.assertEqual(str(self.profile.pinned_until), "2030-12-31")

    def test_a_contact_is_added_by_hand(self):
        partner = self._partner("Cleo")
        code, [profile_id] = self._call(
            "crm.lifecycle.profile",
            "create",
            vals_list=[{"partner_id": partner.id}],
        )
        self.assertEqual(code, 200)
        self.assertEqual(self._profile(partner).id, profile_id)

    def test_a_manager_starts_a_run(self):
        code, action = self._call(
            "crm.lifecycle", "action_run", user=self.manager, ids=self.lifecycle.ids
        )
        self.assertEqual(code, 200)
        self.assertEqual(action["res_model"], "crm.lifecycle.run")
        code, [run] = self._call(
            action["res_model"],
            "read",
            user=self.manager,
            ids=[action["res_id"]],
            fields=["state", "profile_count", "moved_count"],
        )
        self.assertEqual(code, 200)
        self.assertEqual((run["state"], run["moved_count"]), ("done", 2))

    # ------------------------------------------------------------
    # Refusals
    # ------------------------------------------------------------

    @QUIET
    def test_without_a_key_nothing_is_told(self):
        answer = self._call("crm.lifecycle.profile", "search_read", key="wrong")
        self._assert_refused(answer, 401, "")

    @QUIET
    def test_an_unknown_stage_is_refused_with_those_there_are(self):
        answer = self._call(
            "crm.lifecycle.profile",
            "action_move",
            ids=self.profile.ids,
            stage="gold",
            reason="x",
        )
        self._assert_refused(answer, 422, "There is no stage “gold”")
        self.assertIn("engaged (Engaged)", answer[1]["message"])
        self.assertEqual(self.profile.stage_id, self.prospect)

    @QUIET
    def test_a_move_needs_a_reason(self):
        for params in ({"stage": "engaged"}, {"stage": "engaged", "reason": " "}):
            code, body = self._call(
                "crm.lifecycle.profile", "action_move", ids=self.profile.ids, **params
            )
            self.assertEqual(code, 422)
            self.assertIn("reason", body["message"])

    def test_a_reason_is_kept_without_what_the_database_does_not_take(self):
        """Regression: a NUL character in it ended in a server error."""
        code, found = self._call(
            "crm.lifecycle.profile",
            "action_move",
            ids=self.profile.ids,
            stage="engaged",
            reason="Asked\0 again",
        )
        self.assertEqual(code, 200, found)
        row = self.profile.history_ids.sorted("id")[-1]
        self.assertEqual(row.reason, "Asked again")

    @QUIET
    def test_a_skip_that_is_not_allowed(self):
        self.lifecycle.skip_policy = "forbid"
        answer = self._call(
            "crm.lifecycle.profile",
            "action_move",
            ids=self.profile.ids,
            stage="customer",
            reason="x",
        )
        self._assert_refused(answer, 422, "Still missing: Engaged")

    @QUIET
    def test_a_colleagues_customer(self):
        for method, params in (
            ("action_move", {"stage": "engaged", "reason": "x"}),
            ("explain", {}),
            ("read", {"fields": ["stage_id"]}),
        ):
            code, _body = self._call(
                "crm.lifecycle.profile", method, ids=self.strange.ids, **params
            )
            self.assertEqual(code, 403, method)
        self.assertEqual(self.strange.stage_id, self.prospect)

    @QUIET
    def test_a_salesperson_starts_no_run(self):
        code, _body = self._call("crm.lifecycle", "action_run", ids=self.lifecycle.ids)
        self.assertEqual(code, 403)

    @QUIET
    def test_a_customer_there_is_not(self):
        answer = self._call("crm.lifecycle.profile", "explain", ids=[2**31 - 1])
        self._assert_refused(answer, 422, "There is no customer profile")
        answer = self._call("crm.lifecycle.profile", "explain", ids=[])
        self._assert_refused(answer, 422, "Name the customers")

    @QUIET
    def test_a_fact_is_not_written(self):
        answer = self._call(
            "crm.lifecycle.profile",
            "write",
            ids=self.profile.ids,
            vals={"won_count": 7},
        )
        self._assert_refused(answer, 422, "“Won leads” of a customer is kept by")

    def test_a_task_answers_to_its_former_name(self):
        task = self.env["background.task"].create(
            {
                "name": "Move",
                "user_id": self.salesperson.id,
                "company_id": self.company.id,
                "model": "crm.lifecycle.profile",
                "method": "_task_move",
            }
        )
        code, found = self._call(
            "crm.lifecycle.task", "read", ids=task.ids, fields=["state", "progress"]
        )
        self.assertEqual(code, 200, found)
        self.assertEqual(found, [{"id": task.id, "state": "waiting", "progress": 0}])
        code, _body = self._call("crm.lifecycle.task", "action_cancel", ids=task.ids)
        self.assertEqual(code, 200)
        self.assertEqual(task.state, "cancelled")

    @QUIET
    def test_a_task_of_another_user_stays_hidden_under_its_former_name(self):
        task = self.env["background.task"].create(
            {
                "name": "Move",
                "user_id": self.colleague.id,
                "company_id": self.company.id,
                "model": "crm.lifecycle.profile",
                "method": "_task_move",
            }
        )
        for method in ("read", "action_cancel"):
            code, _body = self._call("crm.lifecycle.task", method, ids=task.ids)
            self.assertEqual(code, 403, method)
        self.assertEqual(task.state, "waiting")

    @QUIET
    def test_the_engine_is_not_called(self):
        for method in ("_lifecycle_move", "_task_move", "_start_move"):
            code, _body = self._call(
                "crm.lifecycle.profile", method, ids=self.profile.ids
            )
            self.assertIn(code, (403, 404), method)
