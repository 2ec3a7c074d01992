from datetime import date
from math import isfinite

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ..engine.ledger import MAX_POINTS

# Days that users enter. Days computed from them keep a year of four digits.
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)
# Maximum length of a period, in days.
MAX_DAYS = 36_500
MAX_INTEGER = 2**31 - 1
# Bounds of fields without bounds of their own.
DEFAULT_BOUNDS = {
    "integer": (-MAX_INTEGER, MAX_INTEGER),
    "float": (-MAX_POINTS, MAX_POINTS),
    "monetary": (-MAX_POINTS, MAX_POINTS),
    "date": (FIRST_DAY, LAST_DAY),
}


class CrmLoyaltyBoundedMixin(models.AbstractModel):
    """Keep numbers and days within bounds.

    Values are checked before they are converted or written, so that the error names
    the field and the record. NaN and infinity are always out of bounds.
    """

    _name = "crm.loyalty.bounded.mixin"
    _description = "Numbers and Days within Bounds"

    @api.model
    def _get_bounds(self):
        """Extension point: return ``{field name: (lowest, highest)}``."""
        return {}

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_bounds(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_bounds(vals)
        return super().write(vals)

    def _check_bounds(self, vals):
        """Raise ValidationError for numbers and days out of bounds."""
        bounds = self._get_bounds()
        for name in vals:
            kind = self._fields[name].type if name in self._fields else None
            if name not in bounds and kind in DEFAULT_BOUNDS:
                bounds[name] = DEFAULT_BOUNDS[kind]
        check_values(self, vals, bounds)


def check_values(records, vals, bounds):
    """Check values to write against bounds.

    :param bounds: ``{field name: (lowest, highest)}``
    :raises ValidationError: naming the field and the record
    """
    for name in bounds.keys() & vals.keys():
        value = vals[name]
        if value is None or value is False:
            continue
        field = records._fields[name]
        low, high = bounds[name]
        if _is_within(field.type, value, low, high):
            continue
        raise ValidationError(
            records.env._(
                "“%(field)s” of “%(record)s” can't be “%(value)s”: enter a value from "
                "%(low)s to %(high)s.",
                field=field._description_string(records.env),
                record=_get_name(records, vals),
                value=str(value)[:40],
                low=_get_text(records.env, low),
                high=_get_text(records.env, high),
            )
        )


def _get_name(records, vals):
    """Return the current or new names of the records, for an error."""
    # The caller may write these records, so it may see their names.
    names = [record.display_name for record in records.sudo()[:3] if record.id]
    name = vals.get(records._rec_name)
    if not any(names) and isinstance(name, str):
        names = [name]
    return (
        ", ".join(filter(None, names))
        or records.env["ir.model"]._get(records._name).name
    )


def _get_text(env, bound):
    return format_date(env, bound) if isinstance(bound, date) else f"{bound:,}"


def _is_within(kind, value, low, high):
    """Return whether a raw value is within bounds; False if it can't be converted."""
    try:
        if kind == "date":
            value = fields.Date.to_date(value)
        else:
            value = float(value)
            if not isfinite(value):
                return False
        return low <= value <= high
    except (ValueError, TypeError, OverflowError):
        return False
