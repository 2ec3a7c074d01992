"""Custom kinds of fields."""

from datetime import datetime, time
from operator import attrgetter

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from .engine import bounds, domains

# Numbers beyond these are typing errors, whatever they count; amounts keep their cents.
MAX_NUMBER = 1_000_000
MAX_AMOUNT = 1e13


class Bounded:
    """A number or a date between two bounds.

    A value outside the bounds, or of a wrong type, is refused when it is written, with
    a message that names the field and the record. A constraint in the database refuses
    it from SQL.
    """

    minimum = None
    maximum = None
    _related_minimum = property(attrgetter("minimum"))
    _related_maximum = property(attrgetter("maximum"))

    def __set_name__(self, owner, name):
        if getattr(owner, "pool", None) is None:  # the class that declares it
            self._add_constraint(owner, name)
        return super().__set_name__(owner, name)

    def _add_constraint(self, owner, name):
        """Add the bounds as a constraint to the model's table, if it has the column."""
        args = self._args__
        if not args.get("store", not (args.get("compute") or args.get("related"))):
            return
        low = args.get("minimum", self.minimum)
        high = args.get("maximum", self.maximum)
        constraint = models.Constraint(
            f"CHECK ({name} BETWEEN '{low}' AND '{high}')",
            lambda env, _diagnostics: self._get_constraint_text(env),
        )
        constraint.__set_name__(owner, f"_{name}_bounds")

    def write(self, records, value):
        self.check(value, records)
        return super().write(records, value)

    def convert_to_column_insert(self, value, record, values=None, validate=True):
        if validate:
            self.check(value, record, values)
        return super().convert_to_column_insert(value, record, values, validate)

    def convert_to_cache(self, value, record, validate=True):
        try:
            return super().convert_to_cache(value, record, validate)
        except (ValueError, TypeError, OverflowError) as error:
            raise ValidationError(self._get_bounds_error_text(record, value)) from error

    def check(self, value, records, values=None):
        """Return a value in the format of the cache; raise if it is out of bounds.

        :param values: of the record to create, if any
        """
        known = self.convert_to_cache(value, records, validate=False)
        if known is None or isinstance(known, dict):
            return known
        # Written this way round, the check also refuses NaN.
        if not self.minimum <= known <= self.maximum:
            raise ValidationError(self._get_bounds_error_text(records, value, values))
        return known

    def _get_bounds_error_text(self, records, value, values=None):
        """Return the message that refuses a value.

        :param values: of the record to create
        """
        env = records.env
        return env._(
            "“%(field)s” of “%(record)s” must be between %(minimum)s and %(maximum)s, "
            "not “%(value)s”. Enter another value.",
            field=self._description_string(env),
            record=self._get_record_name(records, values or {}),
            minimum=self._format_bound(env, self.minimum),
            maximum=self._format_bound(env, self.maximum),
            value=str(value)[:40],
        )

    def _get_constraint_text(self, env):
        """Return the message of the constraint in the database."""
        field = env[self.model_name]._fields[self.name]
        return env._(
            "“%(field)s” must be between %(minimum)s and %(maximum)s.",
            field=field._description_string(env),
            minimum=field._format_bound(env, field.minimum),
            maximum=field._format_bound(env, field.maximum),
        )

    def _get_record_name(self, records, values):
        name = values.get(records._rec_name)
        if isinstance(name, str) and name:
            return name
        # The name of a record that the user is about to write, and may write.
        names = [record.display_name for record in records.sudo()[:3] if record.id]
        return ", ".join(filter(None, names)) or records.env._(
            "new: %(kind)s",
            kind=records.env["ir.model"]._get(records._name).name,
        )

    def _format_bound(self, env, bound):
        return f"{bound:,.0f}" if isinstance(bound, float) else str(bound)


class Integer(Bounded, fields.Integer):
    """A whole number between two bounds."""

    minimum = -MAX_NUMBER
    maximum = MAX_NUMBER


class Float(Bounded, fields.Float):
    """A number between two bounds."""

    minimum = -MAX_AMOUNT
    maximum = MAX_AMOUNT


class Monetary(Bounded, fields.Monetary):
    """An amount between two bounds."""

    minimum = -MAX_AMOUNT
    maximum = MAX_AMOUNT


class Date(Bounded, fields.Date):
    """A day that users may type."""

    minimum = bounds.MIN_INPUT_DATE
    maximum = bounds.MAX_INPUT_DATE

    def _format_bound(self, env, bound):
        return format_date(env, bound)


class Datetime(Bounded, fields.Datetime):
    """A moment on a day that users may type."""

    minimum = datetime.combine(bounds.MIN_INPUT_DATE, time.min)
    maximum = datetime.combine(bounds.MAX_INPUT_DATE, time.max)

    def _format_bound(self, env, bound):
        return format_date(env, bound)


class LooseMany2one(fields.Many2one):
    """A many2one without a foreign key.

    For rows that the engine writes by the million. A foreign key locks the record that
    each of them references, usually one of very few (the company, a stage): the checks
    took three quarters of the time of a first run, and workers waited for each other.
    The engine writes ids that it has just read; the model of a referenced record
    refuses or handles its deletion.
    """

    def update_db_foreign_key(self, model, column):
        """Add no foreign key."""


class NullableInteger(Integer):
    """A number that distinguishes “unknown” from 0, in Python and in the web client.

    Odoo reads an empty number as 0; here it is False, which views show as empty.
    """

    def convert_to_column(self, value, record, values=None, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_column(value, record, values, validate)

    def convert_to_cache(self, value, record, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_cache(value, record, validate)

    def convert_to_record(self, value, record):
        return False if value is None else value


class Conditions(fields.Char):
    """Conditions as users or other systems write them.

    They are checked after they are stored; a text that can't be stored is refused here.
    """

    def convert_to_column(self, value, record, values=None, validate=True):
        text = super().convert_to_column(value, record, values, validate)
        if isinstance(text, str) and not domains.is_storable_text(text):
            raise UserError(
                record.env._(
                    "The conditions have characters that are no text. Choose them "
                    "again."
                )
            )
        return text
