"""Evaluate conditions of rules, tags and lifecycles, and find unusable ones."""

import hashlib

from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import domains, review
from ..engine.domains import QUERY_ERRORS

# Conditions on these change with the move itself.
STAGE_COLUMNS = frozenset(
    ("stage_id", "stage_date", "lifecycle_id", "date_last_stage_update")
)

# ----------------------------------------------------------------
# Reading conditions
# ----------------------------------------------------------------


def parse(session, text):
    """Return the domain in a text, TRUE if it can't be used.

    An unusable domain has to be corrected, whatever the day.
    """
    get_type = session.env["crm.lifecycle.profile"]._get_path_type
    try:
        domain = domains.parse(text)
        domains.resolve(domain, session.as_of, get_type)
    except domains.DomainError:
        return Domain.TRUE
    return domain


def get_date_triggers(session, text):
    """Return when conditions change by themselves (see `engine.review`)."""
    return review.get_date_triggers(
        parse(session, text), session.env["crm.lifecycle.profile"]._get_column_type
    )


def is_foreseeable(session, text):
    """Return whether it is known when time alone changes the result."""
    return get_date_triggers(session, text) is not None


def get_used_paths(session, items):
    """Return the field paths that conditions of rules, tags or lifecycles use."""
    return {
        condition.field_expr
        for item in items
        for condition in parse(session, item.domain).iter_conditions()
    }


def get_stage_rules(session, lifecycles):
    """Return the rules with conditions on the stage or lifecycle of the customer."""
    return lifecycles.rule_ids.filtered(
        lambda rule: (
            rule.active
            and any(
                path.split(".")[0] in STAGE_COLUMNS or path.startswith("stage_")
                for path in get_used_paths(session, [rule])
            )
        )
    )


def get_watched_columns(session, names):
    """Return the columns among ``names`` that a lifecycle, rule or tag uses.

    The other columns may change without a review of the customer.
    """
    if session.mode.reviews_any_change:
        return set(names)
    return set(names) & (
        get_used_paths(session, get_conditional_records(session)) | {"active"}
    )


def get_conditional_records(session, lifecycles=None):
    """Return the lifecycles, by default the active ones, with their rules and tags."""
    if lifecycles is None:
        lifecycles = session.get_lifecycles()
    return [*lifecycles, *lifecycles.rule_ids, *lifecycles.tag_ids]


def get_signature(lifecycles):
    """Return a fingerprint of everything that decides about moves and tags.

    It includes the times of changes: after a change that was reverted, rules did not
    use the same facts in between.
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


def execute_usable(session, items, execute):
    """Evaluate the conditions of rules, tags or lifecycles, except unusable ones.

    ``execute(unusable)`` executes the statement that evaluates all of them at once. If
    the database can't, each is tried alone to find the unusable ones. If a rule can't
    be evaluated, it is unknown whether it or a later one would move a customer: an
    unusable rule holds up the customers that it applies to.
    """
    unusable = items.filtered(lambda item: not _is_usable(session, item))
    try:
        with session.env.cr.savepoint(flush=False):
            return execute(unusable)
    except QUERY_ERRORS:
        found = (items - unusable).filtered(lambda i: not _is_executable(session, i))
        if not found:
            raise
    return execute(unusable | found)


def _is_usable(session, item):
    """Return whether the conditions of a rule, tag or lifecycle are well-formed."""
    try:
        item._get_domain(session.as_of)
    except ValidationError as error:
        _note_unusable(session, item, error)
        return False
    return True


def _is_executable(session, item):
    """Return whether the database can evaluate a rule, tag or lifecycle."""
    Profile = session.env["crm.lifecycle.profile"]
    query = Profile._search([("company_id", "=", session.company.id)])
    try:
        with session.env.cr.savepoint(flush=False):
            query.add_where(
                Profile._get_condition_sql(item._get_domain(session.as_of), query)
            )
            session.env.cr.execute(query.select(SQL("COUNT(*)")), log_exceptions=False)
    except QUERY_ERRORS as error:
        _note_unusable(
            session, item, Profile._make_conditions_error(item._get_label(), error)
        )
        return False
    return True


def _note_unusable(session, item, error):
    """Record why conditions can't be used, once."""
    session.note_problem(error)
    if item._name == "crm.lifecycle":
        # It is evaluated for all customers, in the next run as well.
        session.run.signature = False
