"""Numbers and dates of our models: refused with a message, or harmless.

The fields come from the registry. The lowest role that may write a field writes it. A
refusal names the field and the record. After an accepted value the record can be read,
its list opened, a run made, and the value corrected.
"""

import json
import math
from datetime import date
from unittest import skipUnless

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.modules.migration import load_script
from odoo.service.model import call_kw
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, mute_logger
from odoo.tools.sql import make_identifier

from odoo.addons.base_rename.rename import Renames
from odoo.addons.base_rename.tests.common import former_names
from odoo.addons.crm_lifecycle.fields import Bounded
from odoo.addons.crm_loyalty.renames import RENAMES

from tests import access_matrix as matrix
from tests.thorough import THOROUGH, rounds

# Tested by `addons/crm_loyalty/tests/test_bounds.py`, with the jobs of points.
SKIPPED = ("crm_loyalty", "crm_lifecycle_loyalty")
# Columns that have had their bounds from the start.
NEW_COLUMNS = {"res.company.lifecycle_hold_days"}
# What a migration of an earlier version finds under another name.
FORMER = {"crm_loyalty": RENAMES}
# Columns that never were without bounds: no migration has anything to do.
BOUNDED_FROM_THE_START = {
    "crm.lifecycle.silence_days",
    "crm.lifecycle.health.sign.sequence",
    "crm.lifecycle.health.sign.threshold",
    "crm.lifecycle.purchase.import.amount",
    "crm.lifecycle.purchase.import.date",
    "crm.lifecycle.risk.case.suspended_date",
    "crm.lifecycle.visit.suspended_date",
    "mail.activity.lifecycle_suspended_date",
    "res.company.lifecycle_risk_check_date",
}
KINDS = ("integer", "float", "monetary", "date", "datetime")
NUMBERS = [
    -(2**31) - 1,
    -(2**31),
    -1,
    0,
    1,
    36500,
    36501,
    3_000_000,
    2**31 - 1,
    2**31,
    2**63,
    -1e300,
    1e300,
    float("1e400"),
    -math.inf,
    math.nan,
    "text",
]
DATES = [
    "0001-01-01",
    "1899-12-31",
    "1900-01-01",
    "2199-12-31",
    "2200-01-01",
    "9999-12-31",
    "10000-01-01",
    "2026-02-30",
    "text",
    date(9999, 12, 31),
    2**31,
    math.nan,
]
numbers = st.one_of(
    st.integers(-(2**70), 2**70),
    st.integers(-10, 40000),
    st.floats(),
    st.text(max_size=8),
)
days = st.one_of(
    st.dates().map(date.isoformat), st.dates(), st.datetimes(), st.text(max_size=12)
)
DRAWN = {
    **dict.fromkeys(("integer", "float", "monetary"), numbers),
    **dict.fromkeys(("date", "datetime"), days),
}
USUAL = {"date": "2026-01-15", "datetime": "2026-01-15 08:00:00"}
# Values that wizards need beside the tested one.
WITH = {
    "date_from": {"date_to": "2199-12-31"},
    "date_to": {"date_from": "1900-01-01"},
}
# Roles that configure Odoo itself.
ROLES_LAST = ("technician", "admin")


def get_values(kind):
    """Return the values to try on a field of a kind."""
    return DATES if kind in USUAL else NUMBERS


@tagged("post_install", "-at_install")
class TestNumberBounds(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        quiet = mute_logger(
            "odoo.addons.base.models.ir_model",
            "odoo.addons.base.models.ir_rule",
            "odoo.http",
            "odoo.models.unlink",
            "odoo.sql_db",
        )
        quiet.__enter__()
        cls.addClassCleanup(quiet.__exit__, None, None, None)
        cls.tables = matrix.Tables(cls.env)
        cls.world = matrix.World(cls.env, cls.tables)
        cls.roles = [
            *(r for r in cls.tables.roles if r not in ROLES_LAST),
            *ROLES_LAST,
        ]
        cls._add_samples()
        cls.found = cls._get_fields()
        cls.writers = []
        cls.wrong = []

    @classmethod
    def _add_samples(cls):
        """Add samples that the world only has for checks of rights."""
        Start = cls.world.get_env("manager")["crm.lifecycle.start"]
        [[sample]] = [cls.world.made["crm.lifecycle.start"].values()]
        line = Start.create(sample.create).line_ids[0]
        cls.world.made["crm.lifecycle.start.line"] = {"mine": matrix.Sample(line)}

    @classmethod
    def _get_fields(cls):
        """Return ``{model: [field]}`` of all stored numbers and dates of our models."""
        ours = [name for name in cls.tables.addons if not name.startswith(SKIPPED)]
        found = {}
        for name, model in sorted(cls.env.registry.items()):
            if model._abstract or not model._auto:
                continue
            own = model._original_module in cls.tables.addons
            for field in model._fields.values():
                if field.type not in KINDS or field.name in models_own_fields():
                    continue
                modules = field.base_field._modules or [model._original_module]
                if not (own or modules[0] in ours) or modules[0] not in ours:
                    continue
                # Writing a related copy of a computed field changes nothing.
                ends = (field, field.related_field or field)
                if all(end.store or end.inverse or not end.compute for end in ends):
                    found.setdefault(name, []).append(field)
        return found

    # ------------------------------------------------------------
    # Writers
    # ------------------------------------------------------------

    def _get_writer(self, field):
        """Return a way to write the field, for the lowest role that may, or None."""
        for role in self.roles:
            if role in matrix.OUTSIDERS:
                continue
            env = self.world.get_env(role)
            model = env[field.model_name]
            if not (model.has_access("write") or model.has_access("create")):
                continue
            samples = list(self.world.made.get(field.model_name, {}).values())
            for sample in samples[:3]:
                writer = _Writer(self, env, sample, field)
                usual = USUAL.get(field.type, 1)
                if self._undone(lambda w=writer, v=usual: w.write(v)) is None:
                    return writer
        return None

    def _undone(self, work):
        """Do some work and roll it back. Return its error, or None."""
        error = None
        with self.env.cr.savepoint() as savepoint:
            try:
                with self.env.cr.savepoint():
                    work()
                    self.env.flush_all()
            except Exception as raised:  # noqa: BLE001 - checked by the test
                error = raised
            savepoint.rollback()
            self.env.invalidate_all()
        return error

    # ------------------------------------------------------------
    # The tests
    # ------------------------------------------------------------

    def test_each_value_is_refused_in_words_or_does_no_harm(self):
        tried = 0
        for model, names in self.found.items():
            writers = [w for w in map(self._get_writer, names) if w]
            accepted = {}
            for writer in writers:
                tried += 1
                for value in get_values(writer.field.type):
                    if self._try(writer, value):
                        accepted.setdefault(writer, []).append(value)
            # Minimum and maximum together.
            for pick in (0, -1):
                self._use(model, {w: values[pick] for w, values in accepted.items()})
        self.assertFalse(self.wrong, "\n".join(self.wrong))
        self.assertGreater(tried, 30)

    @skipUnless(THOROUGH, "much is tried with script/test --thorough")
    @settings(
        max_examples=rounds(1, 3000),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def test_whatever_is_drawn_is_refused_in_words_or_does_no_harm(self, data):
        if not self.writers:
            found = (field for fields in self.found.values() for field in fields)
            self.writers.extend(filter(None, map(self._get_writer, found)))
        writer = data.draw(st.sampled_from(self.writers))
        value = data.draw(DRAWN[writer.field.type])
        if self._try(writer, value):
            self._use(writer.field.model_name, {writer: value})
        wrong, self.wrong = self.wrong, []
        self.assertFalse(wrong, "\n".join(wrong))

    def test_what_runs_ask_about_is_tried(self):
        """The tested fields include those that could stop a company's run."""
        for model, name in (
            ("crm.lifecycle.rule", "min_days"),
            ("crm.lifecycle.stage", "follow_up_days"),
            ("crm.lifecycle.profile", "pinned_until"),
            ("res.company", "lifecycle_retention_months"),
            ("res.company", "lifecycle_hold_days"),
        ):
            field = self.env[model]._fields[name]
            self.assertIn(field, self.found[model])
            self.assertTrue(self._get_writer(field), f"{model}.{name}")

    def test_migrations_bring_old_rows_within_bounds(self):
        """Migrate each bounded column of each addon from a value beyond its bounds."""
        columns = [
            field
            for fields_ in self.found.values()
            for field in fields_
            if field.store
            and isinstance(field, Bounded)
            and str(field) not in BOUNDED_FROM_THE_START
        ]
        columns = [field for field in columns if str(field) not in NEW_COLUMNS]
        self.assertGreater(len(columns), 40)
        for field in columns:
            self._push_beyond(field)
        self.env.invalidate_all(flush=False)
        for path in sorted(matrix.ADDONS.glob("*/migrations/*/pre-bounds.py")):
            with former_names(self.env, FORMER.get(path.parts[-4], Renames())):
                load_script(str(path), path.parts[-4]).migrate(self.env.cr, "19.0")
        beyond = [str(field) for field in columns if self._is_beyond(field)]
        self.assertFalse(beyond)

    def _push_beyond(self, field):
        table = SQL.identifier(self.env[field.model_name]._table)
        far = {"date": "'9999-12-31'::date + 1", "integer": "2147483647"}
        far["datetime"] = "'9999-12-31'::timestamp + INTERVAL '2 days'"
        constraint = f"{self.env[field.model_name]._table}_{field.name}_bounds"
        self.env.cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT %s",
                table,
                SQL.identifier(make_identifier(constraint)),
            )
        )
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s = %s",
                table,
                SQL.identifier(field.name),
                SQL(far.get(field.type, "1e300")),
            )
        )

    def _is_beyond(self, field):
        return self.env.execute_query(
            SQL(
                "SELECT FROM %s WHERE NOT %s BETWEEN %s AND %s LIMIT 1",
                SQL.identifier(self.env[field.model_name]._table),
                SQL.identifier(field.name),
                field.minimum,
                field.maximum,
            )
        )

    def _try(self, writer, value):
        """Write a value. Return whether it was accepted; record failures."""
        what = f"{writer} := {value!r}"
        error = self._undone(lambda: writer.write(value))
        if error is None:
            return True
        if not isinstance(error, UserError) or isinstance(error, AccessError):
            self.wrong.append(f"{what}: {error!r}")
        elif not writer.is_named_in(str(error), value):
            self.wrong.append(f"{what}: names not what is wrong: {error}")
        return False

    def _use(self, model, values):
        """Write accepted values together; read, run, explain and correct them."""
        if not values:
            return

        def work():
            for writer, value in values.items():
                writer.write(value)
            self.env.flush_all()
            self.env.invalidate_all()
            for writer in values:
                writer.look()
            run = self.env["crm.lifecycle"]._run(
                self.world.home, date(2026, 3, 2), full=True
            )
            self.assertEqual((run.state, run.error), ("done", False))
            self.env.invalidate_all()
            for writer in values:
                writer.look()
                writer.write(USUAL.get(writer.field.type, 1))
            self.env.flush_all()

        error = self._undone(work)
        if error is not None:
            told = {str(writer): value for writer, value in values.items()}
            self.wrong.append(f"{model} with {told}: {error!r}")


def models_own_fields():
    """Return the fields that Odoo has in every model."""
    return ("id", "create_date", "write_date")


class _Writer:
    """One role, one field of one record, or of a new record for a wizard."""

    def __init__(self, case, env, sample, field):
        self.case = case
        self.env = env
        self.sample = sample
        self.field = field
        self.model = env[field.model_name]
        self.record = sample.record.with_env(env)

    def __str__(self):
        return f"{self.env.user.login} {self.field}"

    def write(self, value):
        name = self.field.name
        if self.record:
            call_kw(self.model, "write", [self.record.ids, {name: value}], {})
        else:
            vals = {**(self.sample.create or {}), **WITH.get(name, {}), name: value}
            ids = call_kw(self.model, "create", [[vals]], {})
            self.made = self.model.browse(ids)

    def look(self):
        """Read the record as the web client does, and a list with it."""
        record = self.record or self.made
        names = {name: {} for name in (self.field.name, "display_name")}
        json.dumps(record.web_read(names), default=str)
        found = self.model.web_search_read([("id", "in", record.ids)], names)
        json.dumps(found, default=str)
        if record._name == "crm.lifecycle.profile":
            record.explain()
            record.read(["explanation"])

    def is_named_in(self, text, value):
        """Return whether a refusal names field and record, or the value."""
        ends = [self.field, self.field.related_field or self.field]
        told = {end._description_string(self.env) for end in ends}
        if not any(part in text for part in told | {str(value)[:40]}):
            return False
        kind = self.env["ir.model"]._get(self.model._name).name
        names = [kind, *(self.record.sudo().mapped("display_name"))]
        return self.model._transient or any(name and name in text for name in names)
