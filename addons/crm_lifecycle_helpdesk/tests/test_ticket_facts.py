from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY
from odoo.addons.crm_lifecycle_service.tests.ticket_facts import TicketFacts

from .common import HelpdeskCase


@tagged("post_install", "-at_install")
class TestHelpdeskFacts(TicketFacts, HelpdeskCase):
    def test_a_ticket_made_in_a_closed_stage_was_never_open(self):
        partner = self._partner()
        self._ticket(partner, 2, stage_id=self.solved.id)
        self.env.cr.execute("UPDATE crm_lifecycle_ticket_log SET date = '2026-02-28'")
        self._run()
        self._check(partner, ticket_count=1, ticket_open_count=0)

    def test_a_stage_that_is_closed_from_now_on_closes_its_tickets(self):
        partner = self._partner()
        self._ticket(partner, 2)
        self._run()
        self._do(self.opened, lambda stage: stage.write({"closed": True}), days_ago=0)
        self._run(TODAY, quick=True)
        self._check(partner, ticket_open_count=0, ticket_last_closed_date=TODAY)
        self._do(self.opened, lambda stage: stage.write({"closed": False}), days_ago=0)
        self._run(TODAY + timedelta(days=1))
        self._check(partner, ticket_open_count=1, ticket_oldest_open_date=TODAY)
