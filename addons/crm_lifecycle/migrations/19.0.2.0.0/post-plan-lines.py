"""Make the plan lines that our addons brought due after the entry into a stage.

They came with Odoo's default, before the plan date. Lines that users added stay as they
are: some may be meant so.
"""


def migrate(cr, version):
    cr.execute(
        """
        UPDATE mail_activity_plan_template AS l
           SET delay_from = 'after_plan_date'
          FROM ir_model_data AS d, mail_activity_plan AS p
         WHERE d.model = 'mail.activity.plan.template' AND d.res_id = l.id
           AND d.module LIKE 'crm\\_lifecycle%'
           AND p.id = l.plan_id AND p.res_model = 'crm.lifecycle.profile'
           AND l.delay_from = 'before_plan_date'
        """
    )
