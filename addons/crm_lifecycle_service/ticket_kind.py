"""Definition of a kind of service ticket, which its bridge provides."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from odoo.fields import Domain
from odoo.tools import SQL

ALL_ROWS = SQL("TRUE")


def get_ticket_company(ticket: SQL) -> SQL:
    """Return SQL of the company in which a ticket counts.

    A ticket without a company counts in its customer's company, or else in the first
    one, so that each ticket counts in one company only.
    """
    return SQL(
        """
        COALESCE(%(ticket)s.company_id,
                 (SELECT c.company_id FROM res_partner AS c
                   WHERE c.id = %(ticket)s.partner_id),
                 (SELECT MIN(r.id) FROM res_company AS r))
        """,
        ticket=ticket,
    )


@dataclass(frozen=True)
class TicketKind:
    """Kind of document that serves as a ticket.

    All SQL uses ``t``, a row of the documents' table, in its current state.
    ``is_ticket`` selects the documents that are tickets, and ``domain`` is the same for
    the ORM. ``is_closed`` is true for tickets without further work. ``closed_at`` is
    the closing time that the application stores, read once for tickets that were closed
    before their changes were logged.
    """

    model: str
    table: str
    is_closed: SQL
    closed_at: SQL
    is_ticket: SQL = ALL_ROWS
    domain: Domain = Domain.TRUE

    @property
    def source(self) -> SQL:
        """SQL of the table, as ``t``."""
        return SQL("%s AS t", SQL.identifier(self.table))

    def prefiltered(self, condition: SQL) -> SQL:
        """SQL of the rows of the table for which a condition holds, as ``t``.

        Other conditions on ``t`` apply only to these rows. Without statistics,
        PostgreSQL rates the indexes of all conditions as equal, and may read the whole
        table by the index on projects.
        """
        return SQL(
            "(SELECT * FROM %s AS t WHERE %s OFFSET 0) AS t",
            SQL.identifier(self.table),
            condition,
        )

    def in_company(self, company_id: int) -> SQL:
        """SQL condition: the ticket counts in the company."""
        return SQL("%s = %s", company_id, get_ticket_company(SQL("t")))

    def last_log_row(self, before: datetime | None = None) -> SQL:
        """SQL of the last row in the log of ticket ``t``, if any before a moment."""
        until = SQL("AND l.date < %s", before) if before else SQL()
        return SQL(
            """
            SELECT l.is_open, l.date
              FROM crm_lifecycle_ticket_log AS l
             WHERE l.res_model = %s AND l.res_id = t.id %s
             ORDER BY l.date DESC, l.id DESC
             LIMIT 1
            """,
            self.model,
            until,
        )


class TicketButton(NamedTuple):
    """Button on a document of a customer that opens their tickets of a kind.

    The bridge adds ``method`` and the field ``number`` to
    `crm.lifecycle.ticket.customer`. ``groups`` are the groups that may read tickets.
    """

    method: str
    number: str
    label: str
    icon: str
    groups: str
