"""Tables are imported as a whole or not at all, with a message.

Random CSV files through Odoo's import: customers with their stage as a salesperson, and
configuration as a role that may write it.
"""

import csv
import io
import json
import re
from datetime import date
from unittest import skipUnless

from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tests import tagged

from tests.bad_input import KEEP_GOING, LANGUAGES, TABLES, BadInputCase
from tests.thorough import THOROUGH

cells = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12),
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
# Typical values of a column by type, beside random ones.
likely = {
    "char": ["Gold", "Active", "prospect", "[('won_count', '>=', 1)]", "[(", "today"],
    "boolean": ["True", "False", "1", "yes", "maybe"],
    "integer": ["0", "1", "-1", "30", "2147483648", "1e3"],
    "float": ["0", "1.5", "-1", "1e308", "1e400", "nan", "1,5"],
    "date": ["2026-03-02", "2026-13-01"],
    "datetime": ["2026-03-02 10:00:00", "2026-03-02"],
    "selection": ["active", "draft", "Customer", "customer", "at_risk", "none"],
    "many2one": ["Test lifecycle", "Prospect", "Engaged", "Lifecycle & Co", "Points"],
    "many2many": ["Prospect", "Prospect,Engaged", ",", "Nobody"],
    "one2many": ["Prospect", "1"],
    "html": ["<p>Call</p>", "<img src=x onerror=alert(1)>"],
}
likely |= dict.fromkeys(("text",), likely["char"])
likely |= dict.fromkeys(("monetary",), likely["float"])
OPTIONS = {
    "quoting": '"',
    "separator": ",",
    "has_headers": True,
    "date_format": "%Y-%m-%d",
    "datetime_format": "%Y-%m-%d %H:%M:%S",
    "encoding": "utf-8",
    "float_thousand_separator": ",",
    "float_decimal_separator": ".",
}
# Messages of Odoo's import, for any model, in the words of the database.
DATABASE = re.compile("out of range|cannot contain NUL|cannot be converted to text")
# The role that configures each model; a salesperson imports customers.
MODELS = {
    "crm.lifecycle": "manager",
    "crm.lifecycle.stage": "manager",
    "crm.lifecycle.rule": "manager",
    "crm.lifecycle.tag": "manager",
    "crm.lifecycle.profile": "salesperson",
    "crm.loyalty.tier": "keeper",
    "crm.loyalty.bonus.rule": "keeper",
}


@tagged("post_install", "-at_install")
class TestBadRows(BadInputCase):
    tables = (*TABLES, "crm_loyalty_tier", "crm_loyalty_bonus_rule")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls._user("kim", "crm_loyalty.group_points_manager")
        cls.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "company_id": cls.company.id,
            }
        )
        cls.columns = {name: cls._get_columns(name) for name in MODELS}

    @classmethod
    def _get_columns(cls, name):
        """Return ``[(column, type)]`` that a file about a model may have."""
        model = cls.env[name].with_user(getattr(cls, MODELS[name]))
        columns = [("id", "char")]
        for field, told in sorted(model.fields_get().items()):
            own = (model._fields[field]._module or "").startswith("crm_")
            if told["readonly"] or told["type"] not in likely or not own:
                continue
            columns.append((field, told["type"]))
            if "relation" in told:
                columns.append((f"{field}/id", "char"))
            if told["type"] == "one2many":
                parts = {"name", "code"} & cls.env[told["relation"]]._fields.keys()
                columns += [(f"{field}/{part}", "char") for part in sorted(parts)]
        return columns

    # ------------------------------------------------------------
    # Customers with their stage
    # ------------------------------------------------------------

    @KEEP_GOING
    @given(
        st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=5),
        st.sampled_from(LANGUAGES),
    )
    def test_customers_come_in_whole_or_not_at_all(self, rows, lang):
        columns = ["partner_id", "stage_id", "import_stage_date"]
        with self._imported("customers", columns, rows, self.salesperson, lang) as done:
            if done:
                self._assert_placed(rows)

    def _assert_placed(self, rows):
        """Check that each customer is in the stage of their last row, since its day."""
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
    # Configuration
    # ------------------------------------------------------------

    @skipUnless(THOROUGH, "tried with script/test --thorough")
    @KEEP_GOING
    @given(st.data())
    def test_configuration_comes_in_usable_or_not_at_all(self, data):
        name = data.draw(st.sampled_from(list(MODELS)))
        columns = data.draw(
            st.lists(
                st.sampled_from(self.columns[name]),
                min_size=1,
                max_size=6,
                unique_by=lambda column: column[0].partition("/")[0],
            )
        )
        required = [
            (field, self.env[name]._fields[field].type)
            for field in ("name", "lifecycle_id", "program_id", "to_stage_id")
            if field in self.env[name]._fields
        ]
        if data.draw(st.booleans()):
            named = {field for field, _kind in required}
            columns = [
                *required,
                *(item for item in columns if item[0].partition("/")[0] not in named),
            ]
        rows = data.draw(
            st.lists(
                st.tuples(
                    *(
                        st.one_of(st.sampled_from(likely[kind]), cells)
                        for _name, kind in columns
                    )
                ),
                min_size=1,
                max_size=3,
            )
        )
        user = getattr(self, MODELS[name])
        lang = data.draw(st.sampled_from(LANGUAGES))
        names = [column for column, _kind in columns]
        with self._imported(name, names, rows, user, lang) as done:
            if done:
                self._assert_usable(self.env[name].with_user(user).browse(done))

    def _assert_usable(self, records):
        """Check that the imported records can be read, and used by a run."""
        records = records.exists()
        json.dumps(records.read(), default=str)
        self._run(full=True)

    # ------------------------------------------------------------
    # The import
    # ------------------------------------------------------------

    def _imported(self, what, columns, rows, user, lang):
        model = what if what in MODELS else "crm.lifecycle.profile"
        return _Imported(self, what, model, columns, rows, user, lang)


class _Imported:
    """Import rows for the length of a block and return their ids.

    None if they were refused; then nothing of them may be left.
    """

    def __init__(self, case, what, model, columns, rows, user, lang):
        self.case = case
        self.what = what
        self.lang = lang
        self.before = case._digest()
        wizard = case.env["base_import.import"].with_user(user)
        self.wizard = wizard.with_context(lang=lang).create(
            {
                "res_model": model,
                "file": self._write_file(columns, rows),
                "file_type": "text/csv",
            }
        )
        self.columns = columns

    @staticmethod
    def _write_file(columns, rows):
        file = io.StringIO()
        csv.writer(file).writerows([columns, *rows])
        return file.getvalue().encode()

    def __enter__(self):
        case = self.case
        case.tried[self.what] += 1
        self.savepoint = case.env.cr.savepoint()
        try:
            with case.env.cr.savepoint():
                result = self._execute()
        except UserError as error:
            # For example, records that the user may not see.
            result = {"messages": [{"type": "error", "message": str(error)}]}
            case.env.invalidate_all()
        for message in result["messages"]:
            text = message["message"]
            case._assert_in_words(text, "en_US" if DATABASE.search(text) else self.lang)
        if any(item["type"] == "error" for item in result["messages"]):
            case.refused[self.what] += 1
            case.assertEqual(case._digest(), self.before)
            return None
        return [id_ for id_ in result["ids"] or () if id_]

    def _execute(self):
        result = self.wizard.execute_import(self.columns, self.columns, OPTIONS)
        self.case.env.flush_all()
        return result

    def __exit__(self, *_error):
        self.savepoint.rollback()
        self.case.env.invalidate_all()
