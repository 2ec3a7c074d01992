"""Tickets with fixed days, on top of `LifecycleCase`, for all kinds."""

from datetime import datetime, time, timedelta

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase


def moment(days_ago, at=time(12)):
    """Return the moment some days before `TODAY`, at noon by default."""
    return datetime.combine(TODAY - timedelta(days=days_ago), at)


class TicketCase(LifecycleCase):
    """Base of ticket tests. Bridges set the model, and create and close tickets."""

    model = None

    @classmethod
    def _make(cls, partner, company, **vals):
        """Create a ticket."""
        raise NotImplementedError

    @classmethod
    def _close(cls, ticket):
        raise NotImplementedError

    @classmethod
    def _reopen(cls, ticket):
        raise NotImplementedError

    @classmethod
    def _ticket(cls, partner, days_ago=0, at=time(12), company=None, **vals):
        """Create a ticket some days before `TODAY`."""
        ticket = cls._make(partner, company or cls.company, **vals)
        cls._set_create_date(ticket, days_ago, at)
        return ticket

    @classmethod
    def _do(cls, ticket, change, days_ago, at=time(12)):
        """Close or open a ticket some days before `TODAY`."""
        Log = cls.env["crm.lifecycle.ticket.log"]
        known = Log.search([])
        change(ticket)
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE crm_lifecycle_ticket_log SET date = %s WHERE id = ANY(%s)",
            [moment(days_ago, at), (Log.search([]) - known).ids],
        )
        cls.env.invalidate_all()

    @classmethod
    def _rate(cls, ticket, stars, days_ago=0, at=time(12), consumed=True, **vals):
        """Create a rating some days before `TODAY`."""
        rating = cls.env["rating.rating"].create(
            {
                "res_model_id": cls.env["ir.model"]._get_id(ticket._name),
                "res_id": ticket.id,
                "partner_id": ticket.partner_id.id,
                "rating": stars,
                "consumed": consumed,
                **vals,
            }
        )
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE rating_rating SET rated_on = %s WHERE id = %s",
            [moment(days_ago, at), rating.id],
        )
        rating.invalidate_recordset()
        return rating

    @classmethod
    def _answer(cls, ticket, days_ago=0, at=time(12), author=None, **vals):
        """Post a message from staff to the customer."""
        return cls.env["mail.message"].create(
            {
                "model": ticket._name,
                "res_id": ticket.id,
                "message_type": "comment",
                "subtype_id": cls.env.ref("mail.mt_comment").id,
                "author_id": (author or cls.env.user.partner_id).id,
                "date": moment(days_ago, at),
                **vals,
            }
        )

    @classmethod
    def _merge(cls, partners, into):
        cls.env["base.partner.merge.automatic.wizard"].create({})._merge(
            partners.ids, into
        )
        cls.env.invalidate_all()

    @classmethod
    def _second_company(cls, tz="Asia/Shanghai"):
        """Create another company with another currency for the user."""
        company = cls.env["res.company"].create(
            {
                "name": "East",
                "lifecycle_tz": tz,
                "currency_id": cls.env.ref("base.CNY").id,
            }
        )
        cls.env.user.company_ids |= company
        lifecycle = cls.lifecycle.copy({"company_id": company.id})
        lifecycle.write({"state": "active", "activation_date": "2025-01-01"})
        return company

    @classmethod
    def _put_at_risk(cls):
        """Create a customer at risk with an open ticket, in a stage with advice."""
        cls.partner = cls._partner("Ada", is_company=True, company_id=False)
        cls.first = cls._ticket(cls.partner, 9)
        cls.risk.guidance = "<p>Call within a day</p>"
        cls._rule(cls.risk, [("ticket_open_count", ">", 0)])
        cls._run()
        cls.profile = cls._profile(cls.partner)
