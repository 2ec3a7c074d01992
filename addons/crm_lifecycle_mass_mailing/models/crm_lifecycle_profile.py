from odoo import fields, models
from odoo.tools import SQL


class CrmLifecycleProfile(models.Model):
    """Show mailings to the customer, and clicks on their links, on the timeline."""

    _inherit = "crm.lifecycle.profile"

    def _get_conversations_sql(self, model, documents, limit):
        """Add the mailings to some documents, and the last click on each.

        Salespeople have no access to mailings. A user who may read the contact may see
        which mailings it received. A click on the row opens the contact, not the
        mailing.
        """
        sources = super()._get_conversations_sql(model, documents, limit)
        sent, clicked = self.env._("Mailing"), self.env._("Click in a mailing")
        return [
            *sources,
            self._timeline_mailings(model, documents, limit, "sent_datetime", sent),
            self._timeline_mailings(
                model, documents, limit, "links_click_datetime", clicked
            ),
        ]

    def _timeline_mailings(self, model, documents, limit, date, label):
        """SQL of the mailings to some documents, by one of their dates."""
        # `sudo()`: only the subject of the mailing is read, see
        # `_get_conversations_sql`.
        Mailing = self.env["mailing.mailing"].sudo()
        return SQL(
            """
            SELECT t.%(date)s, FALSE, 'marketing', %(label)s, %(subject)s,
                   CASE WHEN NOT %(is_sent)s THEN NULL
                        WHEN t.trace_status = 'reply' THEN %(replied)s
                        WHEN t.trace_status = 'open' THEN %(opened)s
                        WHEN t.trace_status = 'bounce' THEN %(bounced)s END,
                   NULL, NULL, t.model, t.res_id
              FROM mailing_trace AS t
              JOIN mailing_mailing AS mailing ON mailing.id = t.mass_mailing_id
             WHERE t.model = %(model)s AND t.res_id IN %(documents)s
               AND t.is_test_trace IS NOT TRUE AND t.%(date)s <= %(now)s
             ORDER BY t.%(date)s DESC, t.id DESC %(limit)s
            """,
            date=SQL.identifier(date),
            label=label,
            subject=Mailing._field_to_sql("mailing", "subject"),
            is_sent=date == "sent_datetime",
            replied=self.env._("Replied"),
            opened=self.env._("Opened"),
            bounced=self.env._("Bounced"),
            model=model,
            documents=documents,
            now=fields.Datetime.now(),
            limit=SQL("LIMIT %s", limit) if limit else SQL(),
        )
