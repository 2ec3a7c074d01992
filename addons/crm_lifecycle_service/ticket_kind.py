"""What a kind of service ticket is, told by the addon that brings it."""

from dataclasses import dataclass
from typing import NamedTuple

from odoo.fields import Domain
from odoo.tools import SQL

EVERY = SQL("TRUE")


@dataclass(frozen=True)
class TicketKind:
    """A kind of document that serves as a ticket.

    All SQL is over ``t``, a row of the documents' table, and says how things are
    now. ``is_ticket`` tells which of the documents are tickets, and ``domain`` says
    the same to the ORM; ``is_closed`` whether nobody has to work on it any more;
    ``closed_at`` since when, as far as the application itself knows (asked once,
    for tickets that were closed before their changes were noted).
    """

    model: str
    table: str
    is_closed: SQL
    closed_at: SQL
    is_ticket: SQL = EVERY
    domain: Domain = Domain.TRUE

    @property
    def source(self) -> SQL:
        """SQL of the table, as ``t``."""
        return SQL("%s AS t", SQL.identifier(self.table))

    def first_where(self, condition: SQL) -> SQL:
        """SQL of those rows of the table, as ``t``, for which a condition holds.

        Whatever else is asked of ``t`` is asked of these alone. Where there are no
        statistics, PostgreSQL chooses among the indexes of all conditions as if each
        were as good, and may read a whole table by that of its projects.
        """
        return SQL(
            "(SELECT * FROM %s AS t WHERE %s OFFSET 0) AS t",
            SQL.identifier(self.table),
            condition,
        )

    def in_company(self, company_id: int) -> SQL:
        """SQL condition: the ticket counts in the company.

        One of no company counts in its customer's, or else in the first one: a
        ticket counts in one company only.
        """
        return SQL(
            """
            %(company)s = COALESCE(t.company_id,
                                   (SELECT c.company_id FROM res_partner AS c
                                     WHERE c.id = t.partner_id),
                                   (SELECT MIN(o.id) FROM res_company AS o))
            """,
            company=company_id,
        )


class TicketButton(NamedTuple):
    """A button on a document of a customer that opens their tickets of a kind.

    ``method`` and the field ``number`` are those that the bridge adds to
    `crm.lifecycle.ticket.customer`; the ``groups`` are those who see tickets.
    """

    method: str
    number: str
    label: str
    icon: str
    groups: str
