from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.effective_dates import FactEvents
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_decision import (
    DECISION_MONTHS,
    DecisionFigure,
)
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign
from odoo.addons.crm_lifecycle.personal_data import ALL, KEEP, PersonalModel


class CrmLifecycleProfile(models.Model):
    """Facts from service tickets of all kinds, and their ratings from 1 to 5."""

    _name = "crm.lifecycle.profile"
    _inherit = ["crm.lifecycle.profile", "crm.lifecycle.ticket.customer"]

    ticket_count = fields.Integer(
        string="Tickets", readonly=True, fact="only", aggregator="sum"
    )
    ticket_open_count = fields.Integer(
        string="Open tickets", readonly=True, fact="only", aggregator="sum"
    )
    ticket_oldest_open_date = fields.Date(
        string="Ticket open since",
        readonly=True,
        fact="only",
        help="Day since which the oldest of the open tickets is open.",
    )
    ticket_last_date = fields.Date(string="Last ticket", readonly=True, fact="only")
    ticket_last_closed_date = fields.Date(
        string="Last ticket closed",
        readonly=True,
        fact="only",
        help="Day on which a ticket was closed last that was not opened again.",
    )
    ticket_response_hours = fields.Float(
        string="Hours until the first answer",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="Mean over the tickets that staff have answered. In a ticket that staff "
        "opened, the time begins with the first message of the customer.",
    )
    rating_last = fields.Float(
        string="Last rating",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="From 1 to 5; empty for customers who rated no ticket.",
    )
    rating_last_date = fields.Date(string="Last rated", readonly=True, fact="only")
    rating_avg = fields.Float(
        string="Average rating",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="From 1 to 5; empty for customers who rated no ticket.",
    )

    @api.model
    def _get_overview_fact_names(self, short=False):
        names = ["ticket_open_count", "rating_last"]
        if not short:
            names += ["ticket_count", "ticket_response_hours", "rating_avg"]
        return {**super()._get_overview_fact_names(short), **dict.fromkeys(names)}

    @api.model
    def _get_fact_events(self, scope):
        """Treat customers without tickets, or without ratings, as without events."""

        def lacks(name):
            return FactEvents(
                no_event=SQL("%s IS NULL", SQL.identifier(self._table, name))
            )

        return super()._get_fact_events(scope) | {
            "ticket_open_count": lacks("ticket_last_date"),
            "rating_last": lacks("rating_last_date"),
        }

    @api.model
    def _get_health_signs(self):
        """Add low ratings, and tickets that are open for long."""
        return [
            *super()._get_health_signs(),
            HealthSign(
                "at_risk",
                self._get_rating_domain,
                self._get_rating_text,
                code="rating_low",
                name=self.env._("Low rating"),
                threshold=2,
                unit="stars",
                maximum=5,
            ),
            HealthSign(
                "watch",
                self._get_rating_domain,
                self._get_rating_text,
                code="rating_fair",
                name=self.env._("Fair rating"),
                threshold=3,
                unit="stars",
                maximum=5,
            ),
            HealthSign(
                "watch",
                lambda days: Domain("ticket_oldest_open_date", "<=", f"today -{days}d"),
                lambda days: self.env._(
                    "A ticket is open for %(days)s days or more", days=days
                ),
                code="ticket",
                name=self.env._("Open ticket"),
                threshold=7,
            ),
        ]

    @api.model
    def _get_rating_domain(self, stars):
        """Return the domain of the customers with at most some stars as last rating."""
        # 0 means no rating.
        return Domain("rating_last", ">=", 1) & Domain("rating_last", "<=", stars)

    @api.model
    def _get_rating_text(self, stars):
        return self.env._("The last rating is at most %(stars)s of 5", stars=stars)

    # ------------------------------------------------------------
    # Decision
    # ------------------------------------------------------------

    def _get_decision_figures(self, scope):
        """Add the number of tickets, and the hours of work on them where known."""
        found = super()._get_decision_figures(scope)
        Source = self.env["crm.lifecycle.source.ticket"]
        for kind in Source._get_ticket_kinds():
            self.env[kind.model].flush_model()
        statements = [
            SQL(
                """
                SELECT p.id, COUNT(*) AS number, SUM(%(hours)s) AS hours
                  FROM crm_lifecycle_profile AS p
                  JOIN res_partner AS c ON c.commercial_partner_id = p.partner_id
                  JOIN %(tickets)s ON t.partner_id = c.id
                 WHERE p.id = ANY(%(ids)s) AND %(is_ticket)s AND %(in_company)s
                   AND t.create_date >= %(since)s AND t.create_date < %(end)s
                 GROUP BY p.id
                """,
                hours=Source._get_ticket_hours(kind) or SQL("NULL::float"),
                tickets=kind.source,
                ids=self.ids,
                is_ticket=kind.is_ticket,
                in_company=kind.in_company(scope.company_id),
                since=scope.end_of_date_months_ago(DECISION_MONTHS),
                end=scope.day_end,
            )
            for kind in Source._get_ticket_kinds()
        ]
        if not statements:
            return found
        rows = self.env.execute_query(
            SQL(
                "SELECT id, SUM(number), SUM(hours) FROM (%s) AS t GROUP BY id",
                SQL(" UNION ALL ").join(statements),
            )
        )
        work = {profile_id: (int(number), hours) for profile_id, number, hours in rows}
        for profile in self:
            number, hours = work.get(profile.id, (0, None))
            found[profile.id].append(
                DecisionFigure("given", self.env._("Tickets"), number, "number")
            )
            if hours is not None:
                found[profile.id].append(
                    DecisionFigure(
                        "given", self.env._("Hours on tickets"), hours, "hours"
                    )
                )
        return found

    # ------------------------------------------------------------
    # Tickets of the customer
    # ------------------------------------------------------------

    def _get_ticket_domain(self, model):
        """Return the domain of the customer's tickets of a model."""
        self.ensure_one()
        kind = self.env["crm.lifecycle.source.ticket"]._get_ticket_kind(model)
        return kind.domain & self._get_customer_domain(company="company_id")

    def _get_new_ticket_context(self, model):
        return {
            **super()._get_new_ticket_context(model),
            "default_company_id": self.company_id.id,
        }

    def _get_ticket_partner(self):
        self.ensure_one()
        return self.partner_id

    @api.model
    def _get_personal_models(self):
        return [
            *super()._get_personal_models(),
            PersonalModel(
                name="crm.lifecycle.ticket.log",
                decision=KEEP,
                reference=("res_model", "res_id"),
                kept=ALL,  # times
                is_technical=True,
            ),
        ]
