from odoo.addons.crm_lifecycle_service.tests.common import TicketCase


class TaskCase(TicketCase):
    """Tasks of a service desk as tickets."""

    model = "project.task"
    service_groups = "project.group_project_user"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk = cls.env["project.project"].create(
            {
                "name": "Service desk",
                "lifecycle_is_service_desk": True,
                "company_id": False,
            }
        )

    @classmethod
    def _make(cls, partner, company, **vals):
        return cls.env["project.task"].create(
            {
                "name": "It does not work",
                "project_id": cls.desk.id,
                "partner_id": partner.id,
                "company_id": company.id,
                **vals,
            }
        )

    @classmethod
    def _close(cls, ticket):
        ticket.state = "1_done"

    @classmethod
    def _reopen(cls, ticket):
        ticket.state = "01_in_progress"

    @classmethod
    def _set_closed_at(cls, ticket, when):
        ticket.date_last_stage_update = when
        cls.env.flush_all()
