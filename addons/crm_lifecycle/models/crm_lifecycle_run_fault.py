"""What goes wrong in a run: left aside, written down, and told to administrators."""

import logging

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL

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

    def _get_rule_condition(self, rule, query, guarded):
        """Have a rule that can't be used hold up those whom it is asked about alone.

        Whether they would have moved by it or by one after it nobody can tell, so
        they are listed for it, and stay (see `_move_rows`). Its conditions may name
        a fact of an addon that was uninstalled.
        """
        try:
            return super()._get_rule_condition(rule, query, guarded)
        except ValidationError as error:
            self._note_problem(error)
            return SQL("TRUE")

    def _move_rows(self, rows, quiet):
        rules = self.env["crm.lifecycle.rule"].browse({row[2] for row in rows} - {None})
        unusable = {rule.id for rule in rules if not self._is_usable(rule)}
        if unusable:
            self._note_left([row[1] for row in rows if row[2] in unusable])
            rows = [row for row in rows if row[2] not in unusable]
        return super()._move_rows(rows, quiet)

    def _is_usable(self, rule):
        try:
            rule._get_domain(self.as_of)
        except ValidationError:
            return False
        return True

    def _get_tag_condition(self, tag, query):
        """A tag that can't be used stays with those who carry it."""
        try:
            return super()._get_tag_condition(tag, query)
        except ValidationError as error:
            self._note_problem(error)
            return SQL(
                "EXISTS (SELECT FROM crm_lifecycle_profile_tag_rel AS r "
                "WHERE r.profile_id = crm_lifecycle_profile.id AND r.tag_id = %s)",
                tag.id,
            )

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
