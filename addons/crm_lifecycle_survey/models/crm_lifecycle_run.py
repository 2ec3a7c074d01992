from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.statements import join_stage_entry

# Skip a survey that could not be sent for this many days: the customer no longer
# remembers the event.
GRACE_DAYS = 7


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    surveyed_at = fields.Datetime(
        string="Surveys sent",
        readonly=True,
        help="When the surveys due on the day of the run had been sent, or skipped.",
    )

    def _has_due_work(self):
        return super()._has_due_work() or bool(self._get_due_surveys(limit=1))

    def _get_due_surveys(self, profile_ids=None, limit=None):
        """Return ``{profile id: history id of the stay}`` of surveys to send.

        A survey is due the stage's number of days after the customer entered it by a
        move that was not quiet, once per stay.
        """
        self.ensure_one()
        self.env.flush_all()
        mine = SQL("TRUE")
        if profile_ids is not None:
            mine = SQL("p.id = ANY(%s)", list(profile_ids))
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT p.id, entry.id
                      FROM crm_lifecycle_stage AS s
                      JOIN crm_lifecycle AS l ON l.id = s.lifecycle_id
                      JOIN crm_lifecycle_profile AS p ON p.stage_id = s.id
                           %(entry)s
                     WHERE s.survey_id IS NOT NULL AND l.state = 'active'
                       AND p.company_id = %(company)s AND p.active AND %(mine)s
                       AND p.stage_date + s.survey_after_days <= %(as_of)s
                       AND p.stage_date + s.survey_after_days >=
                           GREATEST(s.survey_since, %(as_of)s::date - %(grace)s)
                       AND entry.is_quiet IS FALSE
                       AND NOT EXISTS (
                            SELECT FROM crm_lifecycle_playbook_log AS t
                             WHERE t.history_id = entry.id
                               AND t.key = 'survey:' || s.survey_id)
                     ORDER BY p.stage_date, p.id
                     LIMIT %(limit)s
                    """,
                    company=self.company_id.id,
                    as_of=self.as_of,
                    grace=GRACE_DAYS,
                    entry=join_stage_entry(SQL("p.id"), SQL("p.stage_id")),
                    mine=mine,
                    limit=limit,
                )
            )
        )
