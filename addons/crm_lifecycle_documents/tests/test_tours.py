from odoo.tests import HttpCase, tagged

from odoo.addons.crm_lifecycle_reports.tests.common import ReportCase


@tagged("post_install", "-at_install")
class TestTours(ReportCase, HttpCase):
    """The report on a customer, printed in a browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._traveller("Ada")

    def test_print_menu(self):
        action = self.env["ir.actions.act_window"].create(
            {
                "name": "Customers",
                "res_model": "crm.lifecycle.profile",
                "view_mode": "list,form",
            }
        )
        self.start_tour(
            f"/odoo/action-{action.id}",
            "crm_lifecycle_documents_print",
            login=self.leader.login,
            timeout=180,
        )
