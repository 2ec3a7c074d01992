"""Whatever comes in is accepted and right, or refused in words, and never half done.

Conditions, files, imported rows, parameters of templates and calls, generated at
random. ``BAD_INPUT_EXAMPLES=2500 script/test tests/test_bad_input.py
tests/test_lifecycle_file.py`` tries more than 10,000 (see docs/EVIDENCE.md); without it
some hundreds, always the same ones.
"""

import json
import os
from collections import Counter
from datetime import date
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw
from odoo.tests import tagged

from odoo.addons.base_import.models.base_import import Base_ImportImport
from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase

from tests.test_lifecycle_file import conditions, scalars, values

EXAMPLES = int(os.environ.get("BAD_INPUT_EXAMPLES", "100"))
KEEP_GOING = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="BAD_INPUT_EXAMPLES" not in os.environ,
    database=None,
    phases=[Phase.generate],  # each try costs: what fails is told as it is found
)
# Texts that a form or an API client may send in place of conditions.
texts = st.one_of(
    conditions.map(repr),
    conditions.map(json.dumps),
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            " ",
            "[]",
            "()",
            "{}",
            "None",
            "[(",
            "[1]",
            "['&']",
            "['!']",
            "[('won_count', '=', 1)]",
            "[('won_count', '=', uid)]",
            "[('won_count', '=', __import__('os').getpid())]",
            "[(1, '=', 1)]",
            "[(0, '=', 1)]",
            "[('first_seen_date', '<=', 'today -90d')]",
            "[('first_seen_date', '<=', 'today -90d'), '|']",
            "[('first_seen_date', '<=', '-99999999y')]",
            "[('won_count', 'in', [" + "1," * 3000 + "])]",
            "[" + "('won_count', '=', 1)," * 200 + "]",
            "['!'" + ",'!'" * 500 + ", ('won_count', '=', 1)]",
            "[" * 3000 + "]" * 3000,
            "\ud800",
            "\0",
        ]
    ),
)
cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "Ada",
            "bob@example.com",
            "Nobody",
            "Customer",
            "risk",
            "prospect",
            "2025-06-01",
            "2025-02-30",
            "9999-12-31",
            "0001-01-01",
            "01/02/2025",
            "=1+1",
            "<script>alert(1)</script>",
            "0",
            "-1",
            "9" * 40,
        ]
    ),
)
plain = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from(
            ["crm.lifecycle.profile", "res.partner", "crm.lead", "res.users", "move"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=5), inner, max_size=2),
    ),
    max_leaves=5,
)


@tagged("post_install", "-at_install")
class TestBadInput(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._customer("Ada", user_id=cls.salesperson.id)
        cls.bob = cls._partner("Bob", email="bob@example.com")
        cls.rule = cls._rule(cls.engaged, [("won_count", ">=", 99)], name="Often won")
        cls.env.flush_all()
        cls.tried = Counter()
        cls.addClassCleanup(cls._tell)

    @classmethod
    def _tell(cls):
        if "BAD_INPUT_EXAMPLES" in os.environ:
            print("\ntried:", dict(cls.tried))

    def _try(self, what, work, *, undo=True):
        """Return what came of some work, or the error that people read.

        All of it is undone. An error that is not for people fails the test.
        """
        self.tried[what] += 1
        with self.env.cr.savepoint() as savepoint:
            try:
                with self.env.cr.savepoint():
                    result = work()
                    self.env.flush_all()
            except UserError as error:
                self._assert_in_words(error)
                result = error
            if undo:
                savepoint.rollback()
                self.env.invalidate_all()
        return result

    def _assert_in_words(self, error):
        text = str(error)
        self.assertGreater(len(text), 10)
        for sign in ("Traceback", "psycopg2", "line 1\n", "object at 0x"):
            self.assertNotIn(sign, text)

    def _count(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT (SELECT COUNT(*) FROM crm_lifecycle_profile),"
            " (SELECT COUNT(*) FROM crm_lifecycle_history),"
            " (SELECT COUNT(*) FROM crm_lifecycle),"
            " (SELECT COUNT(*) FROM crm_lifecycle_stage),"
            " (SELECT COUNT(*) FROM crm_lifecycle_rule),"
            " (SELECT COUNT(*) FROM res_partner)"
        )
        return self.env.cr.fetchone()

    # ------------------------------------------------------------
    # Conditions
    # ------------------------------------------------------------

    @KEEP_GOING
    @given(texts, st.sampled_from(["rule", "tag", "lifecycle"]))
    def test_conditions_are_used_as_they_read_or_refused(self, text, where):
        """A run asks what the customer's form explains."""
        record = self.rule if where == "rule" else self.lifecycle
        if where == "tag":
            record = self.env["crm.lifecycle.tag"]
        record = record.with_user(self.manager)
        with self.env.cr.savepoint() as savepoint:
            self.tried["conditions"] += 1
            try:
                with self.env.cr.savepoint():
                    if where == "tag":
                        record = record.create(
                            {
                                "name": "Silent",
                                "code": "silent",
                                "lifecycle_id": self.lifecycle.id,
                                "domain": text,
                            }
                        )
                    else:
                        record.domain = text
                    self.env.flush_all()
            except UserError as error:
                self._assert_in_words(error)
                if isinstance(error, ValidationError):
                    self.assertIn(record.name or "Silent", str(error))
            else:
                self._assert_asked_alike(record)
            savepoint.rollback()
            self.env.invalidate_all()
        self.assertEqual(self.rule.domain, repr([("won_count", ">=", 99)]))

    def _assert_asked_alike(self, record):
        record = record.sudo()
        domain = record._get_domain(TODAY)
        found = self.env["crm.lifecycle.profile"].search(domain)
        self._run(full=True)
        if record._name == "crm.lifecycle.rule" and self.ada.stage_id == self.prospect:
            [told] = self.ada._explain_rules(record, TODAY)
            self.assertEqual(told["holds"], self.ada in found)
        if record._name == "crm.lifecycle.tag":
            self.assertEqual(record in self.ada.tag_ids, self.ada in found)

    # ------------------------------------------------------------
    # Imported rows
    # ------------------------------------------------------------

    @KEEP_GOING
    @given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=5))
    def test_imported_rows_come_in_whole_or_not_at_all(self, rows):
        """Rows of a table, as Odoo's import hands them over from the file."""
        before = self._count()
        columns = ["partner_id", "stage_id", "import_stage_date"]
        self.tried["rows"] += 1
        with self.env.cr.savepoint() as savepoint:
            result = self._import(rows, columns)
            for message in result["messages"]:
                self._assert_in_words(UserError(message["message"]))
            if any(item["type"] == "error" for item in result["messages"]):
                self.assertEqual(self._count(), before)
            else:
                self._assert_placed(rows)
            savepoint.rollback()
            self.env.invalidate_all()

    def _import(self, rows, columns):
        wizard = (
            self.env["base_import.import"]
            .with_user(self.salesperson)
            .create(
                {
                    "res_model": "crm.lifecycle.profile",
                    "file": b"any",
                    "file_type": "text/csv",
                }
            )
        )
        options = {
            "quoting": '"',
            "separator": ",",
            "has_headers": True,
            "date_format": "%Y-%m-%d",
            "encoding": "utf-8",
        }
        table = [list(columns), *map(list, rows)]
        # The bytes of a file are read by Odoo; what is ours begins with its table.
        with patch.object(
            Base_ImportImport, "_read_file", lambda *args: (len(table), table)
        ):
            result = wizard.execute_import(columns, columns, options)
        self.env.flush_all()
        return result

    def _assert_placed(self, rows):
        """Each customer stands where the last row about them says, since that day."""
        last = {}
        for name, stage, day in rows:
            last.setdefault(name.strip(), []).append((stage.strip(), day.strip()))
        profile = self._profile(self.bob)
        for stage, day in last.get("bob@example.com", [])[-1:]:
            if stage:
                self.assertIn(stage, (profile.stage_id.name, profile.stage_id.code))
            if day and stage:
                self.assertEqual(profile.stage_date, date.fromisoformat(day))

    # ------------------------------------------------------------
    # Parameters of templates
    # ------------------------------------------------------------

    @KEEP_GOING
    @given(st.data())
    def test_parameters_of_templates_are_kept_or_refused(self, data):
        Template = self.env["crm.lifecycle.template"]
        code = data.draw(st.sampled_from([*Template._get_codes(), "none", ""]))
        known = (
            [item["code"] for item in Template._get_parameters(code)]
            if code in Template._get_codes()
            else []
        )
        chosen = data.draw(
            st.dictionaries(
                st.sampled_from([*known, "unknown"]),
                st.one_of(st.integers(-5, 1000), scalars, values),
                max_size=4,
            )
        )
        before = self._count()
        found = self._try("parameters", lambda: Template._get(code, chosen))
        if not isinstance(found, UserError):
            text = json.dumps(found["rules"])
            self.assertNotIn("{", text.replace("{", "", text.count('{"')))
        self.assertEqual(self._count(), before)

    @KEEP_GOING
    @given(
        st.sampled_from(["t2", "t4a"]),
        st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3),
        st.sampled_from(["action_next", "action_back", "action_start", "name"]),
        st.text(max_size=10),
    )
    def test_the_onboarding_takes_whatever_is_typed(self, code, numbers, method, name):
        def work():
            Start = self.env["crm.lifecycle.start"].with_user(self.manager)
            start = Start.create({"template_code": code, "company_id": self.company.id})
            for line, number in zip(start.line_ids, numbers, strict=False):
                line.value = number
            if method == "name":
                start.name = name
            for _step in range(len(numbers) + 1):
                call_kw(start, method, [start.ids], {}) if method != "name" else None

        if len(numbers) < 2 or method != "action_next":
            self._try("onboarding", work)

    # ------------------------------------------------------------
    # Calls
    # ------------------------------------------------------------

    @KEEP_GOING
    @given(st.data())
    def test_calls_do_what_they_say_or_are_refused(self, data):
        model = self.env["crm.lifecycle.profile"].with_user(self.salesperson)
        ids = data.draw(
            st.one_of(
                st.just(self.ada.ids),
                st.lists(st.sampled_from([self.ada.id, 2**31 - 1, -1, 0]), max_size=2),
            )
        )
        method, args = data.draw(
            st.one_of(
                st.tuples(st.just("action_move"), st.tuples(plain, plain)),
                st.tuples(
                    st.just("action_move"),
                    st.tuples(
                        st.sampled_from(["engaged", "lost", "none"]), st.just("Asked")
                    ),
                ),
                st.tuples(st.just("explain"), st.just(())),
                st.tuples(st.just("get_overview"), st.tuples(plain, plain)),
                st.tuples(
                    st.just("get_timeline"), st.tuples(plain, plain, plain, plain)
                ),
                st.tuples(
                    st.just("get_timeline"),
                    st.tuples(
                        st.just("crm.lifecycle.profile"),
                        st.just(self.ada.id),
                        plain,
                        plain,
                    ),
                ),
            )
        )
        before = self._count()
        args = list(args) if method.startswith("get_") else [ids, *args]
        answer = self._try(method, lambda: call_kw(model, method, args, {}))
        if isinstance(answer, UserError):
            self.assertNotIsInstance(answer, AccessError) if ids == self.ada.ids else 0
        elif method == "action_move":
            self.assertEqual({item["stage"] for item in answer} - {args[1]}, set())
        else:
            json.dumps(answer, default=str)
        self.assertEqual(self._count(), before)
