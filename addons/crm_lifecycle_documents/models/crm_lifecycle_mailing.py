"""Reports sent by email: which report, to which users, how often."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from odoo.addons.base.models.res_partner import _lang_get
from odoo.addons.crm_lifecycle.fields import Date

from ..engine import periods
from ..wizard.crm_lifecycle_print import DOCUMENTS

_logger = logging.getLogger(__name__)

# Number of attempts before a failed email needs a user.
ATTEMPTS = 3
# The latest time zone may be a day ahead of UTC.
AHEAD = timedelta(days=1)


class CrmLifecycleMailing(models.Model):
    """Report that users, or the leader of a team, get by email each week or month.

    Each recipient gets the figures of the customers that they may read: the document is
    rendered with their access rights. A delivery (`crm.lifecycle.mailing.delivery`) per
    recipient and period stores the result. So no recipient gets a period twice, and a
    failure does not stop the other emails.
    """

    _name = "crm.lifecycle.mailing"
    _description = "Scheduled Lifecycle Report"
    _inherit = ["crm.lifecycle.company.mixin", "crm.lifecycle.reference.mixin"]
    _order = "name, id"
    _readable_fields = ("lifecycle_id", "team_id")

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    document = fields.Selection(selection=DOCUMENTS, required=True, default="period")
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle",
        domain="[('company_id', 'in', [False, company_id])]",
        ondelete="cascade",
        help="Without one, the first that is active; churn warnings are of all.",
    )
    team_id = fields.Many2one(
        comodel_name="crm.team",
        string="Sales Team",
        domain="[('company_id', 'in', [False, company_id])]",
        ondelete="cascade",
        help="The report is about the customers of this team alone. Its leader gets it "
        "where no recipient is chosen.",
    )
    user_ids = fields.Many2many(
        comodel_name="res.users",
        relation="crm_lifecycle_mailing_user_rel",
        string="Recipients",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Each gets the figures of the customers that they may see.",
    )
    rhythm = fields.Selection(
        selection=[("week", "Every week"), ("month", "Every month")],
        string="How often",
        required=True,
        default="week",
        help="On Monday about the week before, or on the first day of a month about "
        "the month before.",
    )
    lang = fields.Selection(
        selection=_lang_get,
        string="Language",
        help="Empty: that of each recipient.",
    )
    is_compared = fields.Boolean(string="Compare with the period before", default=True)
    next_date = Date(
        string="Next mail",
        compute="_compute_next_date",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    delivery_ids = fields.One2many(
        comodel_name="crm.lifecycle.mailing.delivery",
        inverse_name="mailing_id",
        readonly=True,
    )
    failed_count = fields.Integer(
        string="Failed mails", compute="_compute_failed_count"
    )

    @api.depends("rhythm", "company_id")
    def _compute_next_date(self):
        for mailing in self:
            today = mailing.company_id._lifecycle_today()
            start = periods.get_period_start(mailing.rhythm, today)
            mailing.next_date = start + periods.get_period_length(mailing.rhythm)

    @api.depends("delivery_ids.state")
    def _compute_failed_count(self):
        counts = dict(
            self.env["crm.lifecycle.mailing.delivery"]._read_group(
                [("mailing_id", "in", self.ids), ("state", "=", "failed")],
                ["mailing_id"],
                ["__count"],
            )
        )
        for mailing in self:
            mailing.failed_count = counts.get(mailing, 0)

    @api.constrains("user_ids", "team_id")
    def _check_recipients(self):
        for mailing in self:
            if not mailing._get_recipients():
                raise ValidationError(
                    self.env._(
                        "Nobody would get “%(mailing)s”: choose recipients, or a team "
                        "with a leader.",
                        mailing=mailing.name,
                    )
                )
            if mailing.user_ids.filtered("share"):
                raise ValidationError(
                    self.env._(
                        "“%(mailing)s” tells of customers: only users of the company "
                        "may get it, no portal users.",
                        mailing=mailing.name,
                    )
                )

    # ------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------

    def action_send(self):
        """Send the report of the last period now to recipients without it."""
        self.ensure_one()
        self.check_access("write")
        sent = self._send(self.company_id._lifecycle_today(), again=True)
        failed = [delivery for delivery in sent if delivery.state == "failed"]
        if failed:
            message = self.env._(
                "%(count)s mails failed: see below why.", count=len(failed)
            )
        else:
            message = self.env._("%(count)s mails are on their way.", count=len(sent))
        return self.env["crm.lifecycle.profile"]._get_notification_action(message)

    @api.model
    def _cron_send(self):
        """Send due reports, and commit after each mailing."""
        cron = self.env["ir.cron"]
        mailings = self.search([("next_date", "<=", fields.Date.today() + AHEAD)])
        due = [
            (mailing, today)
            for mailing in mailings
            if mailing.next_date <= (today := mailing.company_id._lifecycle_today())
        ]
        cron._commit_progress(remaining=len(due))
        for mailing, today in due:
            if not mailing.try_lock_for_update():
                continue
            deliveries = mailing._send(today)
            # Stay due until all deliveries are sent or have used up their attempts.
            if all(
                delivery.state == "sent" or delivery.attempt_count >= ATTEMPTS
                for delivery in deliveries
            ):
                start = periods.get_period_start(mailing.rhythm, today)
                mailing.next_date = start + periods.get_period_length(mailing.rhythm)
            if not cron._commit_progress(1):
                break

    def _get_recipients(self):
        """Return the chosen users, or else the leader of the team."""
        self.ensure_one()
        users = self.user_ids or self.team_id.user_id
        return users.filtered("active")

    def _send(self, today, again=False):
        """Send the last full period to recipients without it. Return the deliveries.

        Earlier periods that were missed are skipped, to send one email instead of many.

        :param again: also retry deliveries that have used up their attempts
        """
        self.ensure_one()
        date_from, date_to = periods.get_last_period(self.rhythm, today)
        Delivery = self.env["crm.lifecycle.mailing.delivery"]
        known = {
            delivery.user_id: delivery
            for delivery in Delivery.search(
                [("mailing_id", "=", self.id), ("date_to", "=", date_to)]
            )
        }
        deliveries = Delivery
        for user in self._get_recipients():
            # `sudo()`: users can't write deliveries.
            delivery = (known.get(user) or Delivery).sudo()
            if not delivery:
                delivery = delivery.create(
                    {
                        "mailing_id": self.id,
                        "user_id": user.id,
                        "date_from": date_from,
                        "date_to": date_to,
                    }
                )
            if delivery.state != "sent" and (
                again or delivery.attempt_count < ATTEMPTS
            ):
                delivery._deliver()
            deliveries |= delivery
        return deliveries

    def _get_document(self, user, date_from, date_to):
        """Return the document of a period as if the user printed it.

        Rendered with the access rights and in the language of the user. Return ``(file
        name, print record, content)``.
        """
        self.ensure_one()
        lang = self.lang or user.lang
        mine = self.with_user(user).with_context(
            lang=lang, tz=user.tz, allowed_company_ids=self.company_id.ids
        )
        if self.company_id not in user.company_ids:
            raise UserError(
                self.env._(
                    "%(user)s does not work for “%(company)s”.",
                    user=user.name,
                    company=self.company_id.name,
                )
            )
        doc = mine.env["crm.lifecycle.print"].create(
            {
                "document": self.document,
                "company_id": self.company_id.id,
                "lifecycle_id": self.lifecycle_id.id,
                "team_id": self.team_id.id,
                "span": "custom",
                "date_from": date_from,
                "date_to": date_to,
                "is_compared": self.is_compared,
            }
        )
        report = doc._get_report()
        content, kind = mine.env["ir.actions.report"]._render(
            report.report_name, doc.ids
        )
        return f"{doc._get_report_base_filename()}.{kind}", doc, content


class CrmLifecycleMailingDelivery(models.Model):
    """Delivery of one report for one period and user, with its result."""

    _name = "crm.lifecycle.mailing.delivery"
    _description = "Sent Lifecycle Report"
    _order = "date_to desc, id desc"
    _rec_name = "user_id"

    mailing_id = fields.Many2one(
        comodel_name="crm.lifecycle.mailing", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="mailing_id.company_id")
    user_id = fields.Many2one(
        comodel_name="res.users", string="Recipient", required=True, ondelete="cascade"
    )
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="To", required=True)
    state = fields.Selection(
        selection=[("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Failed")],
        required=True,
        default="waiting",
    )
    attempt_count = fields.Integer(string="Attempts", aggregator=None)
    sent_date = fields.Datetime(string="Sent on")
    error = fields.Text(string="Why it failed")

    _period_unique = models.UniqueIndex(
        "(mailing_id, user_id, date_to)",
        "This user has got the report of the period already.",
    )

    def _deliver(self):
        """Render the document and queue the email. Store the result.

        Runs in a savepoint, so that an error is stored and does not stop other
        deliveries.
        """
        self.ensure_one()
        values = {"attempt_count": self.attempt_count + 1}
        try:
            with self.env.cr.savepoint():
                self._queue_mail()
        except Exception as error:
            _logger.warning(
                "%s for %s failed", self.mailing_id.name, self.user_id.login
            )
            _logger.info("why the report failed", exc_info=True)
            self.env.invalidate_all()
            values |= {"state": "failed", "error": str(error)}
        else:
            values |= {
                "state": "sent",
                "error": False,
                "sent_date": fields.Datetime.now(),
            }
        self.write(values)

    def _queue_mail(self):
        """Queue an email with the document, as Odoo queues digests."""
        user, mailing = self.user_id, self.mailing_id
        if not user.email:
            raise UserError(
                self.env._("%(user)s has no email address.", user=user.name)
            )
        name, doc, content = mailing._get_document(user, self.date_from, self.date_to)
        body = doc.env["ir.qweb"]._render(
            "crm_lifecycle_documents.mailing_body", {"doc": doc, "user": user}
        )
        title = doc._get_report_base_filename()
        # `sudo()`: the email is sent by the server, not by the current user.
        mail = (
            self.env["mail.mail"]
            .sudo()
            .create(
                {
                    "subject": f"{mailing.company_id.name}: {title}",
                    "body_html": body,
                    "email_from": mailing.company_id.email_formatted
                    or self.env.user.email_formatted,
                    "email_to": user.email_formatted,
                    "auto_delete": True,
                    "attachment_ids": [Command.create({"name": name, "raw": content})],
                }
            )
        )
        # Odoo ignores errors when it writes an attachment to disk.
        mail.attachment_ids.invalidate_recordset(["raw"])
        if mail.attachment_ids.raw != content:
            raise UserError(
                self.env._(
                    "The document could not be stored: is the disk of the server full?"
                )
            )
