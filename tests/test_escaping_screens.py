"""Every screen in a browser shows typed texts as typed, without running them.

The test opens all actions of the addons in each of their views, the form of each kind
of record with all its pages, the wizards, the dashboards, notifications, and the pages
of the portal, with `typed_texts.PAYLOAD` in every name and text.
"""

import json
from pathlib import Path

from markupsafe import escape

from odoo.tests import HttpCase, new_test_user, tagged

from . import access_matrix as matrix
from .typed_texts import PAYLOAD, TypedTexts, find_live, mark

SCRIPT = (Path(__file__).parent / "screens.js").read_text("utf-8")
ANSWER = "lifecycle.escaping"
# Elements that appear with the data of a view; the view itself appears before.
SELECTORS = {
    "form": ".o_form_view",
    "list": ".o_list_view .o_renderer, .o_view_nocontent",
    "kanban": ".o_kanban_view .o_renderer, .o_view_nocontent",
    "pivot": ".o_pivot_view .o_pivot, .o_view_nocontent",
    "graph": ".o_graph_view canvas, .o_view_nocontent",
    "activity": ".o_activity_view table, .o_view_nocontent",
    "lifecycle_cohort": ".o_lifecycle_cohort",
    "lifecycle_flow": ".o_lifecycle_flow",
}
# The screens that must show the texts of fields, by parts of their names.
SEEN_IN_ACTIONS = {
    "background.task.outcome": ["task_action kanban", "task_action list"],
    "crm.lifecycle.history.reason": ["crm_lifecycle_history_action list"],
    "crm.lifecycle.name": ["crm_lifecycle_action list"],
    "crm.lifecycle.risk.reason.name": ["crm_lifecycle_risk_reason_action list"],
    "crm.lifecycle.rule.name": ["crm_lifecycle_rule_action list"],
    "crm.lifecycle.stage.goal": ["call_list_action kanban", "call_list_action list"],
    "crm.lifecycle.stage.name": [
        "crm_lifecycle_history_action pivot",
        "crm_lifecycle_profile_action kanban",
        "stage_report_action_flow lifecycle_flow",
        "stage_report_action_time graph",
    ],
    "crm.lifecycle.playbook.log.name": [
        "playbook_log_action kanban",
        "playbook_log_action list",
    ],
    "crm.lifecycle.visit.note": ["crm_lifecycle_visit_action kanban"],
    "crm.loyalty.adjustment.reason": ["crm_loyalty_adjustment_action list"],
    "crm.loyalty.entry.reason": ["crm_loyalty_entry_action list"],
    "crm.loyalty.tier.name": ["crm_loyalty_tier_action list"],
    "res.partner.name": ["crm_lifecycle_profile_action kanban"],
    "survey.user_input.line.value_text_box": [
        "satisfaction_report_action kanban",
        "satisfaction_report_action list",
    ],
}
# Kinds of records with forms that must show each of their texts.
SEEN_IN_OWN_FORMS = (
    "background.task.name",
    "crm.lead.name",
    "crm.lifecycle.history.reason",
    "crm.lifecycle.mailing.name",
    "crm.lifecycle.name",
    "crm.lifecycle.risk.case.lesson",
    "crm.lifecycle.rule.name",
    "crm.lifecycle.run.error",
    "crm.lifecycle.stage.goal",
    "crm.lifecycle.stage.name",
    "crm.lifecycle.ticket.rule.name",
    "crm.lifecycle.visit.note",
    "crm.loyalty.bonus.rule.name",
    "crm.loyalty.adjustment.reason",
    "crm.loyalty.entry.reason",
    "loyalty.program.name",
    "crm.loyalty.tier.name",
    "res.partner.name",
    "sale.order.name",
)
SEEN_IN_FORMS = {
    kind: [f"{kind.rpartition('.')[0]} form"] for kind in SEEN_IN_OWN_FORMS
}
SEEN_IN_FORMS["res.partner.name"].append("crm.lifecycle.profile form")


@tagged("post_install", "-at_install")
class TestEscapingScreens(HttpCase):
    test_cursor_lock_timeout = 300  # many requests at once, on slow machines too

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.typed = TypedTexts(cls.env)
        cls.world = cls.typed.world
        cls.addons = cls.typed.tables.addons
        cls.reader = new_test_user(
            cls.world.env,
            "reader",
            groups=",".join(
                groups
                for role, groups in cls.typed.tables.roles.items()
                if role not in matrix.OUTSIDERS
            ),
            context={"no_reset_password": True},
            company_id=cls.world.home.id,
            company_ids=[(6, 0, cls.world.home.ids)],
        )

    # ------------------------------------------------------------
    # Screens to open
    # ------------------------------------------------------------

    def _get_actions(self):
        """Return our window actions, in each of their views.

        Killed workers of other tests leave more than a page of rows, so the actions
        are filtered on our records.
        """
        data = self.env["ir.model.data"].search(
            [("model", "=", "ir.actions.act_window"), ("module", "in", self.addons)]
        )
        for record in data:
            action = self.env["ir.actions.act_window"].browse(record.res_id)
            if action.target == "new" or self.env[action.res_model]._transient:
                continue
            domain = action.domain or []
            if action.res_model in self.world.made and self._is_dated(action.res_model):
                domain = [("create_date", ">=", str(self.env.cr.now()))]
            for view, mode in action.views:
                if mode != "form":
                    name = f"{record.complete_name} {mode}"
                    yield self._screen(
                        name, action.res_model, mode, view, domain=domain
                    )

    def _is_dated(self, name):
        model = self.env[name]
        return model._auto and model._log_access

    def _get_forms(self):
        """Return the form of a record of each model, and of each wizard."""
        for model, samples in self.world.made.items():
            for name, sample in samples.items():
                record = sample.record.with_env(self.env)
                if not self._has_form(record):
                    break
                if name == "there" or name == "branch":
                    continue
                if not record and sample.create:
                    record = self._make_wizard(record, sample.create)
                # Users without rights on surveys see them only in reports.
                if record and record.with_user(self.reader).has_access("read"):
                    yield self._screen(f"{model} form", model, "form", res_id=record.id)
                    break

    def _has_form(self, record):
        View = self.env["ir.ui.view"]
        return View.search([("model", "=", record._name), ("type", "=", "form")])

    def _make_wizard(self, model, values):
        env = self.env(
            user=self.reader,
            context={"allowed_company_ids": self.world.home.ids},
        )
        return model.with_env(env).create(values)

    def _get_dashboards(self):
        for xml_id in self.typed.tables.dashboards:
            yield {
                "name": xml_id,
                "selector": ".o-spreadsheet",
                "action": {
                    "type": "ir.actions.client",
                    "tag": "action_spreadsheet_dashboard",
                    "params": {"dashboard_id": self.env.ref(xml_id).id},
                },
            }

    def _get_notifications(self):
        profiles = self.world.profiles["mine"].with_env(self.env)
        program = self.world.programs["here"].with_env(self.env)
        for name, action in (
            ("notification", profiles._get_notification_action(mark("notification"))),
            ("tiers", program.action_evaluate_tiers()),
        ):
            yield {"name": name, "notification": True, "action": action}

    def _screen(self, name, model, mode, view=False, **more):
        return {
            "name": name,
            "selector": SELECTORS[mode],
            "action": {
                "type": "ir.actions.act_window",
                "name": name,
                "res_model": model,
                "views": [[view, mode]],
                "target": "current",
                **more,
            },
        }

    # ------------------------------------------------------------
    # The web client
    # ------------------------------------------------------------

    def _open(self, screens):
        """Open screens one after the other; return the texts seen on each."""
        values = {"SCREENS": list(screens), "PAYLOAD": PAYLOAD, "ANSWER": ANSWER}
        constants = "".join(
            f"const {name} = {json.dumps(value)};\n" for name, value in values.items()
        )
        # Fill the caches, so that the browser does not wait for the first page.
        self.authenticate(self.reader.login, self.reader.login)
        self.url_open("/odoo", timeout=300)
        self.browser_js(
            "/odoo",
            f"(() => {{{constants}{SCRIPT}}})()",
            # The script itself waits for the client, longer on slow machines.
            ready="location.pathname.startsWith('/odoo')",
            login=self.reader.login,
            timeout=900,
        )
        self.env.invalidate_all()
        answer = self.env["ir.config_parameter"].get_param(ANSWER)
        answer = json.loads(answer)
        self.assertFalse(answer["live"], "\n".join(answer["live"]))
        return answer["seen"]

    def _assert_seen(self, seen, expected):
        """Check that each text can be read on the screens that must show it."""
        missing = [
            f"{kind}: {screen}"
            for kind, screens in expected.items()
            for screen in screens
            if not any(screen in name for name in seen.get(kind, ()))
        ]
        self.assertFalse(missing, "\n".join(missing))

    def test_actions(self):
        screens = list(self._get_actions())
        self.assertGreater(len(screens), 60)
        self._assert_seen(self._open(screens), SEEN_IN_ACTIONS)

    def test_forms(self):
        screens = list(self._get_forms())
        self.assertGreater(len(screens), 30)
        self._assert_seen(self._open(screens), SEEN_IN_FORMS)

    def test_dashboards_and_notifications(self):
        screens = [*self._get_dashboards(), *self._get_notifications()]
        seen = self._open(screens)
        self._assert_seen(seen, {"notification": ["notification"]})

    def test_portal(self):
        """A member reads the texts of program and tier as typed."""
        member = self.world.users["portal"]
        card = self.world.cards["portal_own"]
        self.authenticate(member.login, member.login)
        for path in ("/my/loyalty", f"/my/loyalty/{card.id}"):
            page = self.url_open(path, timeout=300).text
            self.assertFalse(
                find_live(page[page.index("<main") : page.index("</main")])
            )
            self.assertIn(escape(mark("loyalty.program.name")), page)
