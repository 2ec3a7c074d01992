"""Any file is either imported correctly or refused with a message.

Files of the templates, changed at random: values of other types, huge numbers,
broken texts, missing, doubled or renamed parts, conditions on fields that do not
exist. Each import ends in a lifecycle that can be exported and run, or in a user
error; nothing is half written.
"""

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from tests.thorough import THOROUGH, rounds

KEEP_GOING = settings(
    max_examples=rounds(200, 1300),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 1, 2**31 - 1, 2**31, 2**63, 10**400, 1e308, -0.5]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            " ",
            "\0",
            "\ud800",
            "prospect",
            "&",
            "|",
            "!",
            "today -90d",
            "today -99999999999d",
            "2026-02-30",
            "9" * 5000,
            "<script>alert(1)</script>",
            "won_count",
            "partner_id.country_id",
            "partner_id.id",
            "id",
            "user_id",
            "in",
            "any",
            "=?",
            "child_of",
            "base.cn",
            "base.main_company",
        ]
    ),
)
references = st.fixed_dictionaries(
    {},
    optional={
        "model": scalars,
        "xml_id": st.one_of(scalars, st.just("base.cn"), st.just("a.b.c")),
        "name": st.one_of(scalars, st.just("China")),
        "code": scalars,
        "id": scalars,
    },
)
values = st.recursive(
    st.one_of(scalars, references),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.sampled_from(["en_US", "zh_CN", "name"]), st.text(max_size=5)),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
conditions = st.lists(
    st.one_of(
        st.sampled_from(["&", "|", "!"]),
        st.tuples(
            st.sampled_from(
                [
                    "won_count",
                    "first_seen_date",
                    "user_id",
                    "partner_id.country_id",
                    "partner_id.category_id",
                    "tag_ids",
                    "stage_id",
                    "decision",
                    "no_such_fact",
                    "balance_due",
                    "facts_date",
                    "history_ids",
                    "activity_ids",
                    "explanation",
                    "is_follow_up_due",
                    "partner_id.no_such_field",
                    "won_count.name",
                    "",
                    ".",
                ]
            ),
            st.sampled_from(
                ["=", "!=", "<", ">=", "in", "not in", "ilike", "any", "not any"]
                + ["child_of", "=?", "=like", "any!", "resembles", "<>", "=="]
            ),
            values,
        ).map(list),
        values,
    ),
    max_size=4,
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["set", "set", "drop", "double", "rename", "condition"]),
        st.integers(0, 10_000),
        values,
        conditions,
    ),
    min_size=1,
    max_size=4,
)


def find_places(node, found=None):
    """Return the ``[(container, key)]`` of all values in the data."""
    found = [] if found is None else found
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        found.append((node, key))
        if isinstance(value, (dict, list)):
            find_places(value, found)
    return found


def change(data, what, place, value, domain):
    """Change the data at one of its places."""
    places = find_places(data)
    if what == "condition":
        places = [item for item in places if item[1] == "domain"]
    if not places:
        return
    container, key = places[place % len(places)]
    if what == "set":
        container[key] = copy.deepcopy(value)
    elif what == "condition":
        container[key] = copy.deepcopy(domain)
    elif what == "drop":
        del container[key]
    elif what == "double" and isinstance(container, list):
        container.append(copy.deepcopy(container[key]))
    elif what == "rename" and isinstance(container, dict):
        container[str(value)[:20]] = container.pop(key)


@tagged("post_install", "-at_install")
class TestLifecycleFile(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        Template = cls.env["crm.lifecycle.template"]
        cls.company = cls.env.company
        cls.files = cls.env["crm.lifecycle.file"]
        cls.data = [
            json.loads(cls.files._export(Template._instantiate(code, cls.company)))
            for code in ("relationship", "activity")
        ]
        # Small, so that random changes reach every part.
        for data in cls.data:
            del data["lifecycle"]["rules"][3:]
            del data["lifecycle"]["tags"][2:]
            for item in (data["lifecycle"], *data["lifecycle"]["stages"]):
                item.pop("description", None)

    def _count(self):
        return [
            self.env[name].with_context(active_test=False).search_count([])
            for name in (
                "crm.lifecycle",
                "crm.lifecycle.stage",
                "crm.lifecycle.rule",
                "crm.lifecycle.tag",
            )
        ]

    def _assert_usable(self, lifecycle, data):
        """Check that the lifecycle equals the file, and that a run can use it."""
        exported = json.loads(self.files._export(lifecycle))["lifecycle"]
        asked = data["lifecycle"]
        self.assertEqual(
            [stage["code"] for stage in exported["stages"]],
            [stage["code"] for stage in asked["stages"]],
        )
        self.assertEqual(
            [rule["to_stage_id"] for rule in exported["rules"]],
            [rule["to_stage_id"] for rule in asked.get("rules", [])],
        )
        day = self.company._lifecycle_today()
        for record in (
            lifecycle,
            *lifecycle.with_context(active_test=False).rule_ids,
            *lifecycle.tag_ids,
        ):
            domain = record._get_domain(day)
            self.env["crm.lifecycle.profile"].search(domain, limit=1)
        self.assertTrue(lifecycle.path["stages"])

    @settings(KEEP_GOING, derandomize=not THOROUGH)
    @given(st.integers(0, 1), steps, st.sampled_from(["en_US", "zh_CN"]))
    def test_a_changed_file_is_imported_right_or_refused_in_words(
        self, which, changes, lang
    ):
        data = copy.deepcopy(self.data[which])
        for step in changes:
            change(data, *step)
        content = json.dumps(data).encode()
        before = self._count()
        with self.env.cr.savepoint() as savepoint:
            try:
                files = self.files.with_context(lang=lang)
                lifecycle, _left_out = files._import(content, self.company, "f")
            except UserError as error:
                self.assertGreater(len(str(error)), 10 if lang == "en_US" else 4)
                if lang == "zh_CN":
                    self.assertRegex(str(error), "[\u4e00-\u9fff]")
                self.assertEqual(self._count(), before)
            else:
                self._assert_usable(lifecycle, data)
            savepoint.rollback()
            self.env.invalidate_all()

    @KEEP_GOING
    @given(st.binary(max_size=200))
    def test_any_bytes_are_refused_in_words(self, content):
        with self.assertRaises(UserError):
            self.files._import(content, self.company, "f")
