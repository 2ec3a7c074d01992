"""What the conditions of rules, tags and lifecycles ask, and which can't be asked."""

import hashlib

from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import domains, review
from ..engine.domains import UNANSWERED

# ----------------------------------------------------------------
# Reading conditions
# ----------------------------------------------------------------


def parse(session, text):
    """Return the domain that a text spells, TRUE where it can't be used.

    What can't be used waits to be corrected, whatever the day.
    """
    get_type = session.env["crm.lifecycle.profile"]._get_path_type
    try:
        domain = domains.parse(text)
        domains.resolve(domain, session.as_of, get_type)
    except domains.DomainError:
        return Domain.TRUE
    return domain


def get_turns(session, text):
    """Return when conditions turn by themselves (see `engine.review`)."""
    return review.turns_of(
        parse(session, text), session.env["crm.lifecycle.profile"]._get_column_type
    )


def is_foreseeable(session, text):
    """Return whether it is known when time alone changes the answer."""
    return get_turns(session, text) is not None


def get_asked(session, items):
    """Return the paths that conditions of rules, tags or lifecycles ask about."""
    return {
        condition.field_expr
        for item in items
        for condition in parse(session, item.domain).iter_conditions()
    }


def get_watched(session, names):
    """Return those of some columns that a lifecycle, rule or tag asks about.

    The others may change without a look at the customer.
    """
    if session.mode.watches_everything:
        return set(names)
    return set(names) & (get_asked(session, get_items(session)) | {"active"})


def get_items(session, lifecycles=None):
    """Return the lifecycles, by default the active ones, with their rules and tags."""
    if lifecycles is None:
        lifecycles = session.get_lifecycles()
    return [*lifecycles, *lifecycles.rule_ids, *lifecycles.tag_ids]


def get_signature(lifecycles):
    """Return a fingerprint of all that decides about moves and tags.

    With the moments of its changes: what was changed and changed back did not
    ask about the same facts in between.
    """
    parts = [
        (
            lifecycle.id,
            lifecycle.write_date,
            lifecycle.domain,
            lifecycle.skip_policy,
            lifecycle.regress_policy,
            [(s.id, s.sequence, s.category) for s in lifecycle.stage_ids],
            [
                (
                    r.id,
                    r.write_date,
                    r.domain,
                    r.min_days,
                    r.from_stage_ids.ids,
                    r.to_stage_id.id,
                )
                for r in lifecycle.rule_ids
                if r.active
            ],
            [(tag.id, tag.write_date, tag.domain) for tag in lifecycle.tag_ids],
        )
        for lifecycle in lifecycles
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


# ----------------------------------------------------------------
# Conditions that can't be used
# ----------------------------------------------------------------


def ask(session, items, execute):
    """Ask the conditions of rules, tags or lifecycles, but for unusable ones.

    ``execute(unusable)`` executes the statement that asks them all at once. Where
    the database can't, each is tried alone to find those that it can't ask.
    Which of two rules would have moved a customer is not known if the first
    can't be asked: an unusable one holds up the customers that it is asked about.
    """
    unusable = items.filtered(lambda item: not _is_usable(session, item))
    try:
        with session.env.cr.savepoint(flush=False):
            return execute(unusable)
    except UNANSWERED:
        found = (items - unusable).filtered(lambda i: not _is_answered(session, i))
        if not found:
            raise
    return execute(unusable | found)


def _is_usable(session, item):
    """Return whether the conditions of a rule, tag or lifecycle make a question."""
    try:
        item._get_domain(session.as_of)
    except ValidationError as error:
        _note_unusable(session, item, error)
        return False
    return True


def _is_answered(session, item):
    """Return whether the database answers what a rule, tag or lifecycle asks."""
    Profile = session.env["crm.lifecycle.profile"]
    query = Profile._search([("company_id", "=", session.company.id)])
    try:
        with session.env.cr.savepoint(flush=False):
            query.add_where(
                Profile._get_condition_sql(item._get_domain(session.as_of), query)
            )
            session.env.cr.execute(query.select(SQL("COUNT(*)")), log_exceptions=False)
    except UNANSWERED as error:
        _note_unusable(session, item, Profile._get_unusable(item._get_label(), error))
        return False
    return True


def _note_unusable(session, item, error):
    """Write down why conditions can't be used, once."""
    session.note_problem(error)
    if item._name == "crm.lifecycle":
        # It is asked of everybody, in the next run as well.
        session.run.signature = False
