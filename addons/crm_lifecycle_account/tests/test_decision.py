from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.engine.scope import Scope
from odoo.addons.crm_lifecycle.tests.common import TODAY

from ..models import crm_lifecycle_profile
from .common import AccountLifecycleCase


@tagged("post_install", "-at_install")
class TestDecision(AccountLifecycleCase):
    """What was invoiced to a customer in two years."""

    def _figures(self, profile):
        scope = Scope(company_id=self.company.id, as_of=TODAY, tz="UTC")
        found = profile._get_decision_figures(scope)[profile.id]
        return [figure.value for figure in found if figure.label == "Invoiced"]

    def test_invoices_less_credit_notes_of_two_years(self):
        partner = self._partner()
        two_years = (TODAY - TODAY.replace(year=2024)).days
        self._invoice(partner, 100, days_ago=30, taxed=True)
        self._invoice(partner, 1000, days_ago=two_years)
        self._invoice(partner, 7, days_ago=two_years - 1)
        self._credit_note(partner, 20, days_ago=5, taxed=True)
        self._invoice(partner, 300, days_ago=2, post=False)
        self._run()
        profile = self._profile(partner)
        profile.user_id = self.salesperson
        self.assertEqual(self._figures(profile), [87])
        self.assertEqual(self._figures(profile.with_user(self.salesperson)), [87])

    def test_users_who_may_not_see_invoiced_amounts_see_no_figure(self):
        partner = self._partner()
        self._invoice(partner, 100)
        self._run()
        self.assertEqual(self._figures(self._profile(partner)), [100])
        with patch.object(crm_lifecycle_profile, "can_read", lambda model, name: False):
            self.assertEqual(self._figures(self._profile(partner)), [])
