from odoo import models


class CrmLifecycleSource(models.AbstractModel):
    """A source of facts about customers: two questions, answered by SQL over sets.

    A bridge adds facts in three steps:

    1. fields with ``fact=`` on `crm.lifecycle.profile`;
    2. a model that inherits this one, names the facts that it answers in
       ``_facts``, and answers both questions;
    3. its name appended in ``crm.lifecycle._lifecycle_sources()``.

    Answers count only what had happened by the end of ``scope.as_of`` in the
    company's time zone (see `engine.scope.Scope`), so that any day can be asked
    about. What is deleted, or given to another customer, leaves no row to find:
    the document's model calls `crm.lifecycle.touch._touch` for it.
    """

    _name = "crm.lifecycle.source"
    _description = "Source of Customer Facts"

    _facts = ()

    def _changed_subjects(self, scope):
        """SQL of the subjects whose facts may differ from those of the last run.

        Columns ``partner_id`` (any contact of the customer) and ``lead_id``
        (where there is no contact); duplicates do no harm. Rows written since
        ``scope.since``, and rows that count differently on ``scope.as_of`` than
        on ``scope.previous_as_of`` (``scope.crossing``); all subjects where
        ``scope.is_full``. Nothing for the passing of time alone.
        """
        raise NotImplementedError

    def _fact_values(self, scope):
        """SQL of the facts of the batch: ``profile_id`` and a column per fact.

        At most one row per profile; profiles that the source knows nothing of
        may be left out. See `engine.statements` for the tables of a batch.
        """
        raise NotImplementedError
