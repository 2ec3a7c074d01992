from types import SimpleNamespace
from unittest.mock import patch

from odoo.tests import new_test_user, tagged

from ..models import res_company
from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestTimeZone(LifecycleCase):
    """The time zone in which the days of a company are counted.

    It used to be UTC after an installation: in New York, the baskets of the evening
    fell on the day after.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.tz = False  # as the superuser, who installs
        cls.requester = new_test_user(
            cls.env, "nina", groups="base.group_system", tz="America/New_York"
        )

    def _install(self, company, user=None):
        """Compute the time zone as an installation does, on request of a user."""
        request = user and SimpleNamespace(env=self.env(user=user))
        company.flush_recordset()
        self.env.cr.execute(
            "ALTER TABLE res_company ALTER COLUMN lifecycle_tz DROP NOT NULL"
        )
        self.env.cr.execute(
            "UPDATE res_company SET lifecycle_tz = NULL WHERE id = %s", company.ids
        )
        self.env.invalidate_all()
        with patch.object(res_company, "request", request):
            self.env.add_to_compute(company._fields["lifecycle_tz"], company)
            company.flush_recordset()
        return company.lifecycle_tz

    def test_an_installation_takes_the_zone_of_the_user_who_asked_for_it(self):
        self.assertEqual(
            self._install(self.company, self.requester), "America/New_York"
        )

    def test_without_a_request_a_country_with_one_zone_decides(self):
        self.company.country_id = self.env.ref("base.jp")
        self.assertEqual(self._install(self.company), "Asia/Tokyo")

    def test_a_user_without_a_zone_leaves_the_country(self):
        self.requester.tz = False
        self.company.country_id = self.env.ref("base.jp")
        self.assertEqual(self._install(self.company, self.requester), "Asia/Tokyo")

    def test_a_country_with_several_zones_does_not_decide(self):
        self.company.country_id = self.env.ref("base.us")
        self.assertEqual(self._install(self.company), "UTC")
        self.company.country_id = False
        self.assertEqual(self._install(self.company), "UTC")

    def test_a_country_without_zones_does_not_decide(self):
        self.company.country_id = self.env["res.country"].create(
            {"name": "Nowhere", "code": "XQ"}
        )
        self.assertEqual(self._install(self.company), "UTC")

    def test_a_later_company_has_the_zone_of_the_user_or_of_its_country(self):
        Company = self.env["res.company"]
        japan = {"country_id": self.env.ref("base.jp").id}
        companies = Company.create({"name": "Tokyo", **japan})
        companies |= Company.with_user(self.requester).create({"name": "Harlem"})
        companies |= Company.create({"name": "Set", **japan, "lifecycle_tz": "UTC"})
        self.assertEqual(
            companies.mapped("lifecycle_tz"), ["Asia/Tokyo", "America/New_York", "UTC"]
        )

    def test_a_zone_that_was_chosen_stays(self):
        self.company.lifecycle_tz = "Europe/Paris"
        with patch.object(
            res_company,
            "request",
            SimpleNamespace(env=self.env(user=self.requester)),
        ):
            self.company.partner_id = self.env["res.partner"].create({"name": "New"})
            self.env.flush_all()
        self.assertEqual(self.company.lifecycle_tz, "Europe/Paris")
