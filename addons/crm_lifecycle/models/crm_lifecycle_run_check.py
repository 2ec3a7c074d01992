"""Weekly check: stored facts of a sample against the documents."""

import logging

from odoo import api, fields, models

from ..locks import RunUnderWay
from ..run import lock, phases
from ..run.session import Session

_logger = logging.getLogger(__name__)


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    difference_count = fields.Integer(
        string="Facts repaired",
        readonly=True,
        aggregator="sum",
        help="Customers of the sample whose stored facts differed from the documents.",
    )
    differences = fields.Text(
        readonly=True, help="Which facts differed, and of which customers."
    )

    @api.model
    def _check_facts(self, company, as_of=None):
        """Compare and repair the facts of a sample of customers. Return the run.

        The next run evaluates the rules for customers with repaired facts. Everything
        is in the caller's transaction.

        :param as_of: see `crm.lifecycle._run`
        :raises RunUnderWay: if a run of the company is under way
        """
        with lock.lock_runs(company.with_env(self.env)):
            run = self._start(company, as_of)
            run.kind = "check"
            session = Session(run)
            found = phases.check_facts(session)
            run.write(
                {
                    "profile_count": found.sample or 0,
                    "difference_count": found.customers,
                    "differences": run._describe_differences(found),
                }
            )
            run._note_end()
            return run

    def _describe_differences(self, found):
        """Return what a check found, as text; False if nothing differed."""
        self.ensure_one()
        Profile = self.env["crm.lifecycle.profile"]
        lines = [
            self.env._(
                "%(source)s: %(count)s rows differed from the documents.",
                source=self.env["ir.model"]._get(name).name,
                count=count,
            )
            for name, count in found.stores.items()
        ]
        lines += [
            self.env._(
                "%(fact)s: differed for %(count)s customers.",
                fact=Profile._fields[name]._description_string(self.env),
                count=count,
            )
            for name, count in found.facts.items()
        ]
        examples = Profile.browse(found.example_ids)
        if examples:
            names = ", ".join(examples.mapped("display_name"))
            lines.append(self.env._("Customers: %(names)s", names=names))
        return "\n".join(lines) or False

    def _describe_check(self):
        """Return the subject, the text and the details of a mail about differences."""
        company = self.company_id.name
        return (
            self.env._("Facts of customers of %(company)s differed", company=company),
            self.env._(
                "The weekly check has found stored facts that differed from the "
                "documents, and has repaired them. If this happens again, ask the "
                "supplier of the addon that the documents come from."
            ),
            self.differences,
        )

    @api.model
    def _cron_check(self):
        """Check the facts of each company; mail administrators what was repaired."""
        cron = self.env["ir.cron"]
        Lifecycle = self.env["crm.lifecycle"]
        companies = Lifecycle._get_companies()
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            try:
                run = self._check_facts(company)
                if run.differences:
                    run._mail_administrators(type(run)._describe_check)
            except RunUnderWay:
                self.env.cr.rollback()
                _logger.info("The facts of %s are checked next week", company.name)
            except Exception:
                self.env.cr.rollback()
                _logger.exception("The facts of %s could not be checked", company.name)
            if not cron._commit_progress(1):
                break
