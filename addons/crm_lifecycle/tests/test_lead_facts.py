from datetime import datetime, time, timedelta

from odoo.tests import tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestLeadFacts(LifecycleCase):
    def _close(self, lead, days_ago):
        """Backdate the closing of a lead."""
        lead.date_closed = datetime.combine(TODAY - timedelta(days=days_ago), time(12))

    def test_open_won_and_lost_are_counted(self):
        partner = self._partner()
        leads = [self._lead(days_ago=10, partner_id=partner.id) for _ in range(4)]
        leads[1].action_set_won()
        self._close(leads[1], 5)
        leads[2].action_set_lost()
        self._close(leads[2], 4)
        leads[3].write({"active": False, "probability": 30})
        self._run()
        self.assertRecordValues(
            self._profile(partner),
            [
                {
                    "open_lead_count": 1,
                    "won_count": 1,
                    "lost_count": 1,
                    "first_seen_date": TODAY - timedelta(days=10),
                }
            ],
        )

    def test_what_closed_later_was_open_then(self):
        partner = self._partner()
        lead = self._lead(days_ago=10, partner_id=partner.id)
        lead.action_set_won()
        self._close(lead, 5)
        for days_ago, values in [(6, (1, 0)), (5, (0, 1)), (0, (0, 1))]:
            self._run(TODAY - timedelta(days=days_ago))
            profile = self._profile(partner)
            self.assertEqual((profile.open_lead_count, profile.won_count), values)

    def test_a_lead_of_tomorrow_is_not_there_today(self):
        lead = self._lead(days_ago=-1)
        self._run()
        self.assertFalse(self._profile(lead))
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(self._profile(lead).first_seen_date, TODAY + timedelta(days=1))

    def test_days_are_the_companys(self):
        self.company.lifecycle_tz = "Asia/Shanghai"
        lead = self._lead()
        for hour, day in [(15, TODAY), (16, TODAY + timedelta(days=1))]:
            self._set_create_date(lead, 0, time(hour))
            self._run(TODAY + timedelta(days=1), full=True)
            self.assertEqual(self._profile(lead).first_seen_date, day)

    def test_a_changed_time_zone_rebuilds(self):
        lead = self._lead()
        self._set_create_date(lead, 0, time(20))
        self._run(TODAY)
        self.assertEqual(self._profile(lead).first_seen_date, TODAY)
        self.company.lifecycle_tz = "Asia/Shanghai"
        run = self._run(TODAY + timedelta(days=1))
        self.assertEqual(run.kind, "full")
        self.assertEqual(self._profile(lead).first_seen_date, TODAY + timedelta(days=1))

    def test_a_lead_of_no_company_belongs_to_its_salespersons(self):
        partner = self._partner(company_id=False)
        lead = self._lead(partner_id=partner.id)
        lead.write({"user_id": self.salesperson.id, "company_id": False})
        self._run()
        self.assertEqual(self._profile(partner).open_lead_count, 1)

    def test_a_deleted_lead_is_not_counted(self):
        partner = self._partner()
        leads = [self._lead(partner_id=partner.id) for _ in range(2)]
        self._run()
        leads[0].unlink()
        self._run()
        self.assertEqual(self._profile(partner).open_lead_count, 1)
        leads[1].unlink()
        self._run()
        self.assertFalse(self._profile(partner).active)

    def test_a_lead_that_changes_hands_changes_both_customers(self):
        ada, bob = self._partner("Ada"), self._partner("Bob")
        lead = self._lead(partner_id=ada.id)
        self._run()
        lead.partner_id = bob
        self._run()
        self.assertEqual(self._profile(ada).open_lead_count, 0)
        self.assertEqual(self._profile(bob).open_lead_count, 1)

    def test_a_lead_is_a_customer_of_its_present_company_only(self):
        """The run of the former company comes first, and still has it on its list."""
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        lead = self._lead()
        lead.company_id = other
        for company in (self.company, other):
            self.env["crm.lifecycle"]._run(company, TODAY, full=True)
        profile = self.env["crm.lifecycle.profile"].search([("lead_id", "=", lead.id)])
        self.assertEqual(profile.company_id, other)
