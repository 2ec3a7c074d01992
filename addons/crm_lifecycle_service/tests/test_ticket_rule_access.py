from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase


@tagged("post_install", "-at_install")
class TestTicketRuleAccess(LifecycleCase):
    """Ticket rules apply for users without access to customers."""

    def test_conditions_look_at_nothing_that_their_author_may_not_read(self):
        Rule = self.env["crm.lifecycle.ticket.rule"]
        rule = Rule.create({"name": "Urgent", "priority": "2"}).with_user(self.manager)
        secret = "message_ids.mail_server_id.smtp_pass"
        for domain in (
            [(secret, "=like", "Z%")],
            ["|", ("open_lead_count", ">", 0), (secret, "!=", False)],
        ):
            with self.assertRaises(AccessError):
                rule.domain = repr(domain)
            with self.assertRaises(AccessError):
                rule.create({"name": "Spy", "priority": "1", "domain": repr(domain)})
        rule.domain = "[('open_lead_count', '>', 0)]"
