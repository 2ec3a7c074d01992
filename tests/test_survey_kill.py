"""A worker that is killed while it sends surveys: each customer gets one, or none yet.

The scenario of `test_playbook_kill`, with a survey on its last stage. The link, the
email and the log are written in one transaction.
"""

from odoo.tests import tagged

from . import test_playbook_kill

ANSWERS = """
    SELECT u.id FROM survey_user_input AS u
      JOIN crm_lifecycle_profile AS p ON p.partner_id = u.partner_id
     WHERE p.id = ANY(%(profiles)s)
"""


@tagged("post_install", "-at_install")
class TestSurveyKill(test_playbook_kill.TestPlaybookKill):
    def _build(self, env):
        super()._build(env)
        survey = self._make(
            env["survey.survey"], [{"title": "Kill", "access_mode": "token"}]
        )
        third = env["crm.lifecycle"].browse(self.lifecycle_id).stage_ids[-1]
        third.write(
            {
                "survey_id": survey.id,
                "survey_after_days": 0,
                "survey_since": test_playbook_kill.TODAY,
            }
        )

    def _forget_work(self, cr):
        super()._forget_work(cr)
        mails = f"model = 'survey.user_input' AND res_id IN ({ANSWERS})"
        messages = f"SELECT id FROM mail_message WHERE {mails}"
        mine = "WHERE id = ANY(%(profiles)s)"
        for statement in (
            f"DELETE FROM mail_mail WHERE mail_message_id IN ({messages})",
            f"DELETE FROM mail_message WHERE {mails}",
            f"DELETE FROM survey_user_input WHERE id IN ({ANSWERS})",
            f"UPDATE crm_lifecycle_profile SET survey_asked_date = NULL {mine}",
            "UPDATE crm_lifecycle_run SET surveyed_at = NULL WHERE id = %(run)s",
        ):
            cr.execute(statement, {"profiles": self.profile_ids, "run": self.run_id})

    def _read(self):
        return super()._read() | {
            "asked": self._query(
                "SELECT p.id, COUNT(DISTINCT u.id), COUNT(DISTINCT mail.id), "
                "COUNT(DISTINCT t.id), bool_and(p.survey_asked_date IS NOT NULL) "
                "FROM crm_lifecycle_profile AS p "
                "LEFT JOIN survey_user_input AS u ON u.partner_id = p.partner_id "
                "LEFT JOIN mail_message AS m ON m.model = 'survey.user_input' "
                "AND m.res_id = u.id "
                "LEFT JOIN mail_mail AS mail ON mail.mail_message_id = m.id "
                "LEFT JOIN crm_lifecycle_playbook_log AS t ON t.profile_id = p.id "
                "AND t.kind = 'survey' AND t.survey_input_id = u.id "
                "WHERE p.id = ANY(%s) GROUP BY p.id ORDER BY p.id",
                self.profile_ids,
            )
        }

    def _check_story(self, found):
        steps = [step for step in found["steps"] if step[1] != "survey"]
        super()._check_story({**found, "steps": steps})
        ann, cid, dot = self.profile_ids
        self.assertEqual(
            found["asked"],
            [(ann, 0, 0, 0, False), (cid, 1, 1, 1, True), (dot, 1, 1, 1, True)],
        )
