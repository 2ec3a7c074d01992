from lxml import etree

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase


@tagged("post_install", "-at_install")
class TestOrderTickets(LifecycleCase):
    """Orders show the tickets of their customers, of all installed kinds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls._partner("Ada", is_company=True)
        cls.child = cls._partner("Child", parent_id=cls.partner.id)
        cls.order = cls.env["sale.order"].create(
            {"partner_id": cls.child.id, "company_id": cls.company.id}
        )
        cls.buttons = cls.order._get_ticket_buttons()

    def _get_buttons(self, user):
        Order = self.env["sale.order"].with_user(user)
        arch = etree.fromstring(Order.get_view(view_type="form")["arch"])
        return arch.xpath("//div[@name='button_box']/button/@name")

    def test_whoever_works_with_tickets_has_a_button_for_each_kind(self):
        for button in self.buttons:
            with self.subTest(button=button.label):
                agent = self._user(
                    f"agent_{button.method}",
                    f"sales_team.group_sale_salesman,{button.groups}",
                )
                self.assertIn(button.method, self._get_buttons(agent))
                self.assertNotIn(button.method, self._get_buttons(self.salesperson))

    def test_a_ticket_from_an_order_is_of_its_customer_and_names_it(self):
        for kind in self.env["crm.lifecycle.source.ticket"]._get_ticket_kinds():
            context = self.order._get_new_ticket_context(kind.model)
            with self.subTest(kind=kind.model):
                values = (
                    self.env[kind.model]
                    .with_context(**context)
                    .default_get(["partner_id", "company_id", "name"])
                )
                self.assertEqual(values["partner_id"], self.child.id)
                self.assertEqual(values["company_id"], self.company.id)
                self.assertIn(self.order.name, values["name"])

    def test_the_button_counts_and_shows_the_tickets_of_all_contacts(self):
        for button in self.buttons:
            action = getattr(self.order, button.method)()
            Ticket = self.env[action["res_model"]]
            with self.subTest(button=button.label):
                before = Ticket.search(action["domain"])
                context = self.order._get_new_ticket_context(Ticket._name)
                defaults = {
                    key.removeprefix("default_"): value
                    for key, value in context.items()
                    if value
                }
                self.assertFalse(before)
                self.assertEqual(self.order[button.number], 0)
                ticket = self._make_ticket(Ticket, defaults)
                self.env.invalidate_all()
                self.assertEqual(Ticket.search(action["domain"]), ticket)
                self.assertEqual(self.order[button.number], 1)

    def _make_ticket(self, Ticket, values):
        """Create a ticket of the parent: tickets belong to the commercial partner."""
        if Ticket._name == "project.task":
            desk = self.env["project.project"].create(
                {"name": "Desk", "lifecycle_is_service_desk": True, "company_id": False}
            )
            values |= {"project_id": desk.id}
        if "description" in Ticket._fields:
            values |= {"description": "It does not work"}
        return Ticket.create({**values, "partner_id": self.partner.id})
