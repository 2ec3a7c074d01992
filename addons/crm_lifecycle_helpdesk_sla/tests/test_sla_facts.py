from datetime import timedelta

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.tests.common import TODAY
from odoo.addons.crm_lifecycle_helpdesk.tests.common import HelpdeskCase
from odoo.addons.crm_lifecycle_service.tests.common import moment


@tagged("post_install", "-at_install")
class TestSlaFacts(HelpdeskCase):
    """Missed service levels as of different days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sla = cls.env["helpdesk.sla"].create(
            {"name": "Solve", "days": 2, "stage_id": cls.solved.id}
        )
        calendar = cls.env["resource.calendar"].create({"name": "Always"})
        cls.team = cls.env["helpdesk.ticket.team"].create(
            {
                "name": "Team",
                "company_id": cls.company.id,
                "resource_calendar_id": calendar.id,
            }
        )

    def _level(self, ticket, state, deadline):
        level = self.env["helpdesk.ticket.sla"].create(
            {"ticket_id": ticket.id, "sla_id": self.sla.id}
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE helpdesk_ticket_sla SET state = %s, deadline = %s WHERE id = %s",
            [state, deadline, level.id],
        )
        level.invalidate_recordset()
        return level

    def _missed(self, partner):
        profile = self._profile(partner)
        return profile.sla_missed_count, profile.sla_missed_date

    def test_levels_are_missed_on_the_day_of_their_deadline(self):
        partner = self._partner()
        ticket = self._ticket(partner, 9, team_id=self.team.id)
        self._level(ticket, "expired", moment(6))
        self._level(ticket, "in_progress", moment(3))
        self._level(ticket, "accomplished", moment(2))
        self._level(ticket, "on_hold", moment(2))
        for days_ago, count, missed in [(7, 0, None), (6, 1, 6), (3, 1, 6), (2, 2, 3)]:
            self._run(TODAY - timedelta(days=days_ago))
            day = missed and TODAY - timedelta(days=missed)
            self.assertEqual(self._missed(partner), (count, day or False), days_ago)
            for table in ("helpdesk_ticket", "helpdesk_ticket_sla", "res_partner"):
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET write_date = '2020-01-01'", SQL.identifier(table)
                    )
                )
        run = self._run(TODAY - timedelta(days=2), full=True)
        self.assertEqual(run.refreshed_count, 0)

    def test_a_level_that_goes_away_is_forgotten(self):
        partner = self._partner()
        ticket = self._ticket(partner, 9, team_id=self.team.id)
        level = self._level(ticket, "expired", moment(6))
        self._run()
        self.assertEqual(self._missed(partner)[0], 1)
        level.unlink()
        self._run(quick=True)
        self.assertEqual(self._missed(partner), (0, False))
