from odoo.addons.crm_lifecycle_service.tests.common import TicketCase


class HelpdeskCase(TicketCase):
    """Create tickets of the OCA's helpdesk."""

    model = "helpdesk.ticket"
    service_groups = "helpdesk_mgmt.group_helpdesk_user"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.opened, cls.solved = cls.env["helpdesk.ticket.stage"].create(
            [
                {"name": "Opened", "company_id": False},
                {"name": "Solved", "company_id": False, "closed": True},
            ]
        )

    @classmethod
    def _make(cls, partner, company, **vals):
        return cls.env["helpdesk.ticket"].create(
            {
                "name": "It does not work",
                "description": "At all",
                "partner_id": partner.id,
                "company_id": company.id,
                "stage_id": cls.opened.id,
                **vals,
            }
        )

    @classmethod
    def _close(cls, ticket):
        ticket.stage_id = cls.solved

    @classmethod
    def _reopen(cls, ticket):
        ticket.stage_id = cls.opened

    @classmethod
    def _set_closed_at(cls, ticket, when):
        ticket.closed_date = when
        cls.env.flush_all()
