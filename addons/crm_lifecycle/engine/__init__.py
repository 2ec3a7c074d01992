"""Decisions and SQL statements of the lifecycle engine, free of any model.

Everything here takes and returns plain values or ``SQL``, so that it can be read and
tested without a database.
"""

from . import (
    bounds,
    domains,
    files,
    review,
    scope,
    shadow,
    effective_dates,
    stages,
    statements,
    templates,
    thresholds,
)
