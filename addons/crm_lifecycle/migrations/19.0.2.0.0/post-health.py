"""Have lifecycles of templates know what is new in them about silence.

Tags of silence and decline become warnings, and the lifecycle gets the days of silence
that it was created with. Its stages stay as they are: the stage of lost customers that
four templates have now is not added.
"""

# Parameter with the days of silence of a template, and its default.
SILENCE = {
    "nurture": ("dormant_days", 90),
    "service": ("silent_days", 90),
    "activity": ("silent_days", 30),
    "growth": ("silent_days", 30),
    "advocacy": ("attention_days", 90),
}
WARNINGS = (
    ("activity", "silent"),
    ("activity", "churned"),
    ("growth", "silent"),
    ("growth", "churned"),
    ("advocacy", "needs_attention"),
    ("advocacy", "complaint"),
)
# Templates with a new stage of lost customers, which 0 switches off.
WITH_LOSS = ("nurture", "service", "activity", "advocacy")


def migrate(cr, version):
    cr.execute(
        """
        UPDATE crm_lifecycle_tag AS t SET is_warning = TRUE
          FROM crm_lifecycle AS l
         WHERE l.id = t.lifecycle_id AND (l.template_code, t.code) IN %s
        """,
        [WARNINGS],
    )
    for template, (parameter, default) in SILENCE.items():
        cr.execute(
            """
            UPDATE crm_lifecycle
               SET silence_days = COALESCE((template_values ->> %s)::int, %s)
             WHERE template_code = %s AND COALESCE(silence_days, 0) = 0
            """,
            [parameter, default, template],
        )
    cr.execute(
        """
        UPDATE crm_lifecycle
           SET template_values = '{"lost_days": 0}'::jsonb || CASE
                   WHEN jsonb_typeof(template_values) = 'object' THEN template_values
                   ELSE '{}'::jsonb END
         WHERE template_code IN %s
           AND template_values ->> 'lost_days' IS NULL
        """,
        [WITH_LOSS],
    )
