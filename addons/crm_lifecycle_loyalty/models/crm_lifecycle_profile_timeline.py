from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.access import is_readable


class CrmLifecycleProfile(models.Model):
    """Show points and tiers on the timeline to users who may read points."""

    _inherit = "crm.lifecycle.profile"

    def _lifecycle_timeline_sources(self, limit=None):
        """Add ledger entries and changes of tiers."""
        sources = super()._lifecycle_timeline_sources(limit)
        sources += [self._timeline_points(limit), self._timeline_tiers(limit)]
        return [source for source in sources if source]

    def _timeline_points(self, limit):
        """SQL of the ledger entries: kind, points and reason."""
        Entry = self.env["crm.loyalty.entry"]
        if not is_readable(Entry):
            return None
        query = self._search_customer_records(Entry, limit)
        return query.select(
            *self._get_timeline_start(query),
            self._get_kind_sql(Entry, query),
            SQL(
                "CASE WHEN %(points)s > 0 THEN '+' ELSE '' END "
                "|| trim_scale(%(points)s)",
                points=SQL.identifier(query.table, "points"),
            ),
            SQL("%s::text", SQL.identifier(query.table, "reason")),
            SQL("NULL::numeric"),
            SQL("NULL::int"),
            SQL("%s::text", Entry._name),
            SQL("%s::int", SQL.identifier(query.table, "id")),
        )

    def _timeline_tiers(self, limit):
        """SQL of the changes of tiers: the new tier and the reason."""
        History = self.env["crm.loyalty.tier.history"]
        if not is_readable(History):
            return None
        query = self._search_customer_records(History, limit)
        model, alias = History._fields["to_tier_id"].join(History, query.table, query)
        return query.select(
            *self._get_timeline_start(query),
            SQL("%s::text", self.env._("Tier")),
            SQL("%s::text", model._field_to_sql(alias, "name", query)),
            self._get_kind_sql(History, query),
            SQL("NULL::numeric"),
            SQL("NULL::int"),
            SQL("%s::text", History._name),
            SQL("%s::int", SQL.identifier(query.table, "id")),
        )

    def _search_customer_records(self, model, limit):
        mine = self._get_customer_domain(company="company_id")
        return model._search(
            mine & Domain("date", "<=", "today"),
            order="date desc, id desc",
            limit=limit,
        )

    def _get_timeline_start(self, query):
        """SQL of the first columns of an event without a time of day."""
        moment = SQL(
            "(%s + interval '1 day' - interval '1 second')"
            " AT TIME ZONE %s AT TIME ZONE 'UTC'",
            SQL.identifier(query.table, "date"),
            self.env.tz.zone,
        )
        return (moment, SQL("TRUE"), SQL("'loyalty'::text"))

    def _get_kind_sql(self, model, query):
        """SQL of the translated label of a row's kind."""
        return SQL(
            "CASE %s %s END",
            SQL.identifier(query.table, "kind"),
            SQL(" ").join(
                SQL("WHEN %s THEN %s::text", kind, label)
                for kind, label in model._fields["kind"]._description_selection(
                    self.env
                )
            ),
        )
