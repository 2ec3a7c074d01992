"""Purchases of a parent customer include those of its subsidiaries."""

from datetime import date

from odoo.tests import tagged

from .two_companies import TwoCompaniesCase


@tagged("post_install", "-at_install")
class TestSubsidiaries(TwoCompaniesCase):
    def test_a_parent_customer_shows_the_purchases_of_the_group(self):
        north, ann = self.env["res.partner"].create(
            [
                {"name": "North", "is_company": True, "parent_id": self.partner.id},
                {"name": "Ann", "parent_id": self.partner.id},
            ]
        )
        self._order(self.east, "2026-01-10 03:00", 100)
        self._order(self.east, "2024-06-10 03:00", 20, partner=ann)
        self._order(self.east, "2026-02-10 03:00", 50, partner=north)
        self._order(self.west, "2026-02-20 20:00", 7, partner=north)
        for company in (self.east, self.west):
            self._run(company, date(2026, 3, 2))
        group, subsidiary = (
            self._profile(self.east, partner) for partner in (self.partner, north)
        )
        self.assertRecordValues(
            group | subsidiary,
            [
                {
                    "subsidiary_count": 1,
                    "order_total": 120,
                    "group_order_count": 3,
                    "group_order_total": 170,
                    "group_order_total_12m": 150,
                    "group_last_order_date": date(2026, 2, 10),
                },
                {
                    "subsidiary_count": 0,
                    "order_total": 50,
                    "group_order_count": 1,
                    "group_order_total": 50,
                    "group_order_total_12m": 50,
                    "group_last_order_date": date(2026, 2, 10),
                },
            ],
        )
