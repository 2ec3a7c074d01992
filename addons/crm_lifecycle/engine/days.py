"""Days that differ from row to row, in one statement."""

import json
from datetime import date, timedelta

from odoo.tools import SQL


class DayByRow(SQL):
    """SQL of the day that belongs to the row of a table, by its ``id``.

    It stands for a date where a statement writes many rows at once, and a day can be
    told from it as from a date.
    """

    def __init__(self, days: dict[int, date]):
        text = json.dumps({key: day.isoformat() for key, day in days.items()})
        super().__init__("(%s::jsonb ->> id::text)::date", text)

    def __add__(self, delta: timedelta) -> SQL:
        return SQL("%s + %s", self, delta.days)
