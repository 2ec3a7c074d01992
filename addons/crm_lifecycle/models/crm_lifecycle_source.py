from odoo import models


def watermark_index(columns):
    """Return the index by which a source finds what was written since a moment.

    A block range index: it is tiny, costs a write next to nothing, and rows that
    were written of late lie close together. The conditions of the source name
    the same columns, or expressions, each with a range.
    """
    return models.Index(
        f"USING brin ({columns}) WITH (pages_per_range = 32, autosummarize = on)"
    )


class CrmLifecycleSource(models.AbstractModel):
    """A source of facts about customers: two questions, answered by SQL over sets.

    A bridge adds facts in these steps:

    1. fields with ``fact=`` on `crm.lifecycle.profile`;
    2. a model that inherits this one, names the facts that it answers in
       ``_facts``, and answers both questions;
    3. its name appended in ``crm.lifecycle._lifecycle_sources()``;
    4. an index on the documents' table for its first question (`watermark_index`).

    Answers count only what had happened by the end of ``scope.as_of`` in the
    company's time zone (see `engine.scope.Scope`), so that any day can be asked
    about. What is deleted, or given to another customer, leaves no row to find:
    the document's model calls `crm.lifecycle.touch._touch` for it.
    """

    _name = "crm.lifecycle.source"
    _description = "Source of Customer Facts"

    _facts = ()
    # Tables that are joined: a run sees to it that the planner knows of their rows.
    _reads = ()
    # Whether the passing of days changes facts, see `_passing_days`.
    _is_moving = False

    def _changed_subjects(self, scope):
        """SQL of the subjects whose facts may differ from those of the last run.

        Columns ``partner_id`` (any contact of the customer) and ``lead_id``
        (where there is no contact); duplicates do no harm. Rows written since
        ``scope.since``, and rows that count differently on ``scope.as_of`` than
        on ``scope.previous_as_of`` (``scope.crossing``); all subjects where
        ``scope.is_full``. Nothing for the passing of time alone, nor for what
        `_passing_days` takes care of.
        """
        raise NotImplementedError

    def _passing_days(self, scope):
        """Return what the days since the last run change by themselves.

        Asked of sources with ``_is_moving``. A pair: SQL of ``partner_id`` (the
        customer) and columns of changes, one row each; and ``{fact: SQL}`` of the
        new values over ``p`` (the profile) and ``d`` (its row). For facts over a
        moving window, such as twelve months: what leaves it is taken off, and the
        customer is not counted anew. Asked about
        customers for whom nothing else has changed, never where ``scope.is_full``.
        """
        raise NotImplementedError

    def _fact_values(self, scope):
        """SQL of the facts of the batch: ``profile_id`` and a column per fact.

        At most one row per profile; profiles that the source knows nothing of
        may be left out, and so may those for whom the source is not asked
        (``scope.asks``). See `engine.statements` for the tables of a batch.
        """
        raise NotImplementedError
