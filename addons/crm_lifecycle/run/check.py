"""Compare the stored facts of a sample of customers with the documents.

Facts are updated by what has changed, so a change that no source has noticed would stay
unnoticed. A check computes the facts of some customers from the documents, as a full
rebuild does, and writes what differs.
"""

from dataclasses import dataclass, field

from odoo.tools import SQL

from . import refresh

# Number of customers in a sample. Of more customers, another part is checked each week.
SAMPLE_SIZE = 10000
# Number of customers named in the result.
MAX_EXAMPLES = 20


@dataclass
class Differences:
    """What a check has found and repaired.

    :param sample: number of customers of the sample
    :param customers: number of those with facts that differed
    :param facts: ``{fact: number of customers}``
    :param stores: ``{source: number of rows}`` of what sources keep of their own
    :param example_ids: profiles of the first of these customers
    """

    sample: int = 0
    customers: int = 0
    facts: dict[str, int] = field(default_factory=dict)
    stores: dict[str, int] = field(default_factory=dict)
    example_ids: list[int] = field(default_factory=list)


def compare_sample(session) -> Differences:
    """Compute the facts of a sample again, and return what differed."""
    found = Differences()
    for source in session.get_sources():
        if count := source._check_store(session.scope):
            found.stores[source._name] = count
    _list_sample(session)
    found.sample = refresh.refresh_batch(
        session, lambda names: _compare(session, names, found)
    )
    return found


def _list_sample(session):
    """Put the customers of this week's sample on the work list."""
    Profile = session.env["crm.lifecycle.profile"].with_context(active_test=False)
    count = Profile.search_count([("company_id", "=", session.company.id)])
    parts = -(-count // SAMPLE_SIZE) or 1
    week = session.as_of.toordinal() // 7
    session.env.cr.execute(
        SQL(
            """
            INSERT INTO crm_lifecycle_pending
                        (company_id, partner_res_id, lead_res_id)
            SELECT company_id, partner_id, CASE WHEN partner_id IS NULL THEN lead_id END
              FROM crm_lifecycle_profile
             WHERE company_id = %s AND id %% %s = %s
            """,
            session.company.id,
            parts,
            week % parts,
        )
    )


def _compare(session, names, found):
    """Note which facts of the batch differ from those of the profiles."""
    columns = [SQL.identifier(name) for name in names]
    different = [SQL("t.%s IS DISTINCT FROM v.%s", name, name) for name in columns]
    rows = session.env.execute_query(
        SQL(
            """
            SELECT COUNT(*), (array_agg(t.id ORDER BY t.id))[:%(examples)s], %(counts)s
              FROM lifecycle_facts AS v
              JOIN crm_lifecycle_profile AS t ON t.id = v.profile_id
             WHERE NOT v.is_new AND (%(different)s)
            """,
            examples=MAX_EXAMPLES,
            counts=SQL(", ").join(
                SQL("COUNT(*) FILTER (WHERE %s)", condition) for condition in different
            ),
            different=SQL(" OR ").join(different),
        )
    )
    [[found.customers, examples, *counts]] = rows
    found.example_ids = examples or []
    found.facts = {
        name: count for name, count in zip(names, counts, strict=True) if count
    }
