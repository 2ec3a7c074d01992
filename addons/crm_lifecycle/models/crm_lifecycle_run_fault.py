"""What goes wrong in a run: left aside, written down, and told to administrators."""

import logging

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from .crm_lifecycle_condition import UNANSWERED

_logger = logging.getLogger(__name__)

# So many runs in a row with problems are told by mail, once a day.
REPEATED = 3


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    alarmed_at = fields.Datetime(
        string="Administrators told on",
        readonly=True,
        help="When administrators were told by mail that runs have problems.",
    )

    # ------------------------------------------------------------
    # Rules that can't be used
    # ------------------------------------------------------------

    def _ask(self, items, ask):
        """Ask the conditions of rules, tags or lifecycles, but for unusable ones.

        ``ask(unusable)`` executes the statement that asks them all at once. Where
        the database can't, each is tried alone to find those that it can't ask.
        Which of two rules would have moved a customer is not known if the first
        can't be asked: an unusable one holds up those whom it is asked about.
        """
        unusable = items.filtered(lambda item: not self._is_usable(item))
        try:
            with self.env.cr.savepoint(flush=False):
                return ask(unusable)
        except UNANSWERED:
            found = (items - unusable).filtered(lambda i: not self._is_answered(i))
            if not found:
                raise
        return ask(unusable | found)

    def _is_usable(self, item):
        """Whether the conditions of a rule, tag or lifecycle make a question."""
        try:
            item._get_domain(self.as_of)
        except ValidationError as error:
            self._note_unusable(item, error)
            return False
        return True

    def _is_answered(self, item):
        """Whether the database answers what a rule, tag or lifecycle asks."""
        Profile = self.env["crm.lifecycle.profile"]
        query = Profile._search([("company_id", "=", self.company_id.id)])
        try:
            with self.env.cr.savepoint(flush=False):
                query.add_where(
                    Profile._get_condition_sql(item._get_domain(self.as_of), query)
                )
                self.env.cr.execute(query.select(SQL("COUNT(*)")), log_exceptions=False)
        except UNANSWERED as error:
            self._note_unusable(item, Profile._get_unusable(item._get_label(), error))
            return False
        return True

    def _note_unusable(self, item, error):
        """Write down why conditions can't be used, once, and who is held up by it."""
        self._note_problem(error)
        if item._name == "crm.lifecycle":
            # It is asked about everybody, in the next run as well.
            self.signature = False

    def _move_rows(self, rows, quiet):
        """Leave those where they are whom a rule that can't be used holds up."""
        self._note_left([row[1] for row in rows if (row[2] or 0) < 0])
        return super()._move_rows([row for row in rows if (row[2] or 0) >= 0], quiet)

    def _note_problem(self, error):
        """Write down a problem that the run goes on in spite of, once."""
        text = str(error)
        if text not in (self.error or ""):
            _logger.warning("Lifecycle run %s: %s", self.id, text)
            self.error = f"{self.error}\n{text}" if self.error else text

    # ------------------------------------------------------------
    # Telling
    # ------------------------------------------------------------

    def _keep_account(self, checkpoint, work):
        try:
            run = super()._keep_account(checkpoint, work)
        except Exception:
            self._alarm(checkpoint)
            raise
        self._alarm(checkpoint)
        return run

    def _alarm(self, checkpoint):
        """Tell administrators where run after run has a problem.

        Telling must not do harm: if it fails, that is logged, and tried again after
        the next run.
        """
        if checkpoint is None or self.parent_id or not self.error:
            return
        mine = Domain("company_id", "=", self.company_id.id)
        mine &= Domain("parent_id", "=", False)
        ended = mine & Domain([("state", "!=", "running"), ("kind", "!=", "replay")])
        last = self.search(ended, order="id desc", limit=REPEATED)
        lately = Domain("alarmed_at", ">=", "now -1d")
        if len(last.filtered("error")) < REPEATED or self.search_count(mine & lately):
            return
        try:
            with self.env.cr.savepoint():
                self._mail_administrators()
                self.alarmed_at = fields.Datetime.now()
        except Exception:
            _logger.exception("Nobody could be told of lifecycle run %s", self.id)
        checkpoint(0, 0)

    def _mail_administrators(self):
        """Write to each administrator what the problem is, and where to look."""
        link = f"{self.get_base_url()}/odoo/crm.lifecycle.run/{self.id}"
        group = self.env.ref("base.group_system")
        for user in group.sudo().all_user_ids:  # whoever they are
            if not user.active or user._is_superuser() or not user.email:
                continue
            run = self.with_context(lang=user.lang)
            body = Markup("<p>%s</p><pre>%s</pre><p><a href='%s'>%s</a></p>") % (
                run.env._(
                    "The last %(count)s lifecycle runs of %(company)s had problems. "
                    "Customers that they are not about were served.",
                    count=REPEATED,
                    company=run.company_id.name,
                ),
                run.error,
                link,
                run.env._("Open the run"),
            )
            # Written by the scheduled job, which may write to anybody.
            run.env["mail.mail"].sudo().create(
                {
                    "subject": run.env._(
                        "Lifecycle runs of %(company)s need a look",
                        company=run.company_id.name,
                    ),
                    "body_html": body,
                    "recipient_ids": [Command.link(user.partner_id.id)],
                    "auto_delete": True,
                }
            )
