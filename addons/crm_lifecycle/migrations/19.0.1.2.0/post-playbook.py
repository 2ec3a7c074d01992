"""Store the stage of each playbook step, which was looked up before."""

from odoo.tools import SQL


def migrate(cr, version):
    cr.execute(
        SQL(
            """
            UPDATE crm_lifecycle_playbook_log AS t
               SET stage_id = CASE WHEN t.kind IN ('close', 'exit')
                                   THEN h.from_stage_id ELSE h.to_stage_id END
              FROM crm_lifecycle_history AS h
             WHERE h.id = t.history_id AND t.stage_id IS NULL
            """
        )
    )
