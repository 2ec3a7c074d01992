from odoo import models


def watermark_index(columns):
    """Return the index that a source uses to find rows written since a moment.

    It is a block range index: small, cheap to update, and rows that were written
    recently are close together. The conditions of the source use the same columns, or
    expressions, each with a range.
    """
    return models.Index(
        f"USING brin ({columns}) WITH (pages_per_range = 32, autosummarize = on)"
    )


class CrmLifecycleSource(models.AbstractModel):
    """Source of facts about customers: two queries over sets of customers.

    A bridge adds facts in these steps:

    1. fields with ``fact=`` on `crm.lifecycle.profile`;
    2. a model that inherits this one, names its facts in ``_facts``, and implements
       both queries;
    3. an index on the documents' table for the first query (`watermark_index`).

    Facts only include what had happened by the end of ``scope.as_of`` in the company's
    time zone (see `engine.scope.Scope`), so that they can be computed for any day.
    Documents that are deleted, or reassigned to another customer, leave no row to find:
    their model calls `crm.lifecycle.pending._mark_pending`.
    """

    _name = "crm.lifecycle.source"
    _description = "Source of Customer Facts"

    _facts = ()
    # Joined tables: a run ensures that the planner has statistics about their rows.
    _reads = ()
    # Whether facts change as days pass, see `_rolling_changes`.
    _has_rolling_facts = False

    def _prepare_run(self, scope):
        """Extension point: update what the source keeps of its own, such as a ledger.

        Called at the start of each run, before the work list is read, so that customers
        with changes can be added to it, and before purchases are measured.

        :param scope: its ``topics`` have the bit of the source, if known
        """

    def _check_store(self, scope):
        """Extension point: compare what the source keeps of its own with the documents.

        What differs is repaired. Return the number of rows, or None if the source keeps
        nothing.
        """
        return

    def _changed_subjects(self, scope):
        """Return the SQL of the subjects with facts that may differ from the last run.

        Columns: ``partner_id`` (any contact of the customer) and ``lead_id`` (if there
        is no contact); duplicates are allowed. Include rows written since
        ``scope.since``, and rows that count differently on ``scope.as_of`` than on
        ``scope.previous_as_of`` (``scope.crosses_cutoff``); all subjects if
        ``scope.is_full``. Exclude changes due to the passing of time alone, and those
        that `_rolling_changes` handles.
        """
        raise NotImplementedError

    def _rolling_changes(self, scope):
        """Return the changes of facts that are due to the days since the last run.

        Called for sources with ``_has_rolling_facts``. Return a pair: the SQL of
        ``partner_id`` (the customer) and columns of changes, one row each; and ``{fact:
        SQL}`` of the new values over ``p`` (the profile) and ``d`` (its row). It is
        meant for facts over a moving window, such as twelve months: what leaves the
        window is subtracted, instead of counting the customer again. Called for
        customers without any other change, never if ``scope.is_full``.
        """
        raise NotImplementedError

    def _fact_values(self, scope):
        """Return the SQL of the batch's facts: ``profile_id`` and a column per fact.

        It returns at most one row per profile. Profiles without data in the source may
        be left out, and so may those that the source is not needed for
        (``scope.needs_refresh``). See `engine.statements` for the tables of a batch.
        """
        raise NotImplementedError

    def _get_purchases(self, scope):
        """Extension point: return the SQL of purchases for proposing thresholds.

        Columns: ``customer_id`` (the commercial partner), ``day`` (in the company's
        time zone) and ``amount`` (in its currency), one row per purchase up to
        ``scope.as_of``. None: the source has no purchases.
        """
        return
