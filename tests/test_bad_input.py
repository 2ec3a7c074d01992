"""Any input is accepted correctly or refused with a message, and never half written.

Conditions, parameters of templates, the onboarding and calls, generated at random, in
English and Chinese. Imported rows are in test_bad_rows.py, files in
test_lifecycle_file.py. With ``script/test --thorough`` these three try 10,000 inputs
(see docs/EVIDENCE.md); without it some hundreds, mostly the same ones.
"""

import json

from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.profile.explain import Explanation
from odoo.addons.crm_lifecycle.tests.common import TODAY

from tests.bad_input import KEEP_GOING, LANGUAGES, BadInputCase
from tests.test_lifecycle_file import conditions, scalars, values

languages = st.sampled_from(LANGUAGES)
# Texts that a form or an API client may send instead of conditions.
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
class TestBadInput(BadInputCase):
    # ------------------------------------------------------------
    # Conditions
    # ------------------------------------------------------------

    @KEEP_GOING
    @given(texts, st.sampled_from(["rule", "tag", "lifecycle"]), languages)
    def test_conditions_are_used_as_they_read_or_refused(self, text, where, lang):
        """A run evaluates conditions as the customer's form explains them."""
        record = self.rule if where == "rule" else self.lifecycle
        if where == "tag":
            record = self.env["crm.lifecycle.tag"]
        record = record.with_user(self.manager).with_context(lang=lang)
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
                self.refused["conditions"] += 1
                self._assert_in_words(error, lang)
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
            [told] = Explanation(self.ada, TODAY).explain_rules(record)
            self.assertEqual(told["holds"], self.ada in found)
        if record._name == "crm.lifecycle.tag":
            self.assertEqual(record in self.ada.tag_ids, self.ada in found)

    # ------------------------------------------------------------
    # Parameters of templates
    # ------------------------------------------------------------

    @KEEP_GOING
    @given(st.data())
    def test_parameters_of_templates_are_kept_or_refused(self, data):
        lang = data.draw(languages)
        Template = self.env["crm.lifecycle.template"].with_context(lang=lang)
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
        before = self._digest()
        found = self._try("parameters", lambda: Template._get(code, chosen), lang)
        if not isinstance(found, UserError):
            text = json.dumps(found["rules"])
            self.assertNotIn("{", text.replace("{", "", text.count('{"')))
        self.assertEqual(self._digest(), before)

    @KEEP_GOING
    @given(
        st.sampled_from(["relationship", "activity"]),
        st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3),
        st.sampled_from(["action_next", "action_back", "action_start", "name"]),
        # Odoo itself accepts no NUL in a text of any model.
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=10),
        languages,
    )
    def test_the_onboarding_takes_whatever_is_typed(
        self, code, numbers, method, name, lang
    ):
        def work():
            Start = self.env["crm.lifecycle.start"].with_user(self.manager)
            Start = Start.with_context(lang=lang)
            start = Start.create({"template_code": code, "company_id": self.company.id})
            for line, number in zip(start.line_ids, numbers, strict=False):
                line.value = number
            if method == "name":
                start.name = name
            for _step in range(len(numbers) + 1):
                kwargs = {"context": {"lang": lang}}  # the client's own
                call_kw(start, method, [start.ids], kwargs) if method != "name" else 0

        if len(numbers) < 2 or method != "action_next":
            self._try("onboarding", work, lang)

    # ------------------------------------------------------------
    # Calls
    # ------------------------------------------------------------

    @KEEP_GOING
    @given(st.data())
    def test_calls_do_what_they_say_or_are_refused(self, data):
        model = self.env["crm.lifecycle.profile"].with_user(self.salesperson)
        lang = data.draw(languages)
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
        before = self._digest()
        args = list(args) if method.startswith("get_") else [ids, *args]
        kwargs = {"context": {"lang": lang}}
        answer = self._try(method, lambda: call_kw(model, method, args, kwargs), lang)
        if isinstance(answer, UserError):
            self.assertNotIsInstance(answer, AccessError) if ids == self.ada.ids else 0
        elif method == "action_move":
            self.assertEqual({item["stage"] for item in answer} - {args[1]}, set())
        else:
            json.dumps(answer, default=str)
        self.assertEqual(self._digest(), before)
