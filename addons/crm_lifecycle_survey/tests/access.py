"""Expected access rights in this addon; see tests/access_matrix.py."""


def make(world):
    """Return rows of the satisfaction report."""
    env = world.env
    survey = env["survey.survey"].create({"title": "Access", "access_mode": "token"})
    question = env["survey.question"].create(
        {
            "survey_id": survey.id,
            "title": "Would you recommend us?",
            "question_type": "scale",
            "scale_min": 0,
            "scale_max": 10,
            "lifecycle_satisfaction_kind": "nps",
        }
    )
    comment = env["survey.question"].create(
        {
            "survey_id": survey.id,
            "title": "Why?",
            "question_type": "text_box",
            "lifecycle_satisfaction_kind": "comment",
        }
    )
    answers = {
        name: answer(world, survey, question, comment, name)
        for name in ("mine", "others", "shared", "shared_there", "branch", "there")
    }
    respondents = {
        name: make_respondent(world, survey, name)
        for name in ("mine", "branch", "there", "shared_there")
    }
    env.flush_all()
    rows = {
        name: env["crm.lifecycle.satisfaction.report"].search(
            [("profile_id", "=", world.profiles[name].id)], limit=1
        )
        for name in answers
    }
    return {
        "crm.lifecycle.satisfaction.report": {
            name: (row, {"score": 10}, None) for name, row in rows.items()
        },
        "crm.lifecycle.survey.respondent": {
            name: (row, {"company_id": row.company_id.id}, None)
            for name, row in respondents.items()
        },
        "survey.survey": {"here": survey},
        "survey.question": {"here": question},
        "survey.user_input": {"mine": answers["mine"]},
        "survey.user_input.line": {
            "mine": answers["mine"].user_input_line_ids.filtered("value_text_box")
        },
    }


def make_respondent(world, survey, name):
    """Return the row that says who answered by a public link."""
    profile = world.profiles[name]
    public = world.env.ref("base.public_user")
    return world.env["crm.lifecycle.survey.respondent"].create(
        {
            "user_input_id": survey._create_answer(user=public, email="a@b.com").id,
            "company_id": profile.company_id.id,
            "partner_id": profile.partner_id.id,
        }
    )


def answer(world, survey, question, comment, name):
    profile = world.profiles[name]
    user_input = survey._create_answer(partner=profile.partner_id)
    user_input.lifecycle_company_id = profile.company_id
    user_input._save_lines(question, "9")
    user_input._save_lines(comment, "Access")
    user_input._mark_done()
    return user_input


SEARCHES = """
    crm.lifecycle.playbook.log.survey_state
"""

MODELS = """
model                             record       public portal employee seller leader manager technician admin
crm.lifecycle.satisfaction.report mine         -      -      -        r      r      r       -          r
crm.lifecycle.satisfaction.report others       -      -      -        -      r      r       -          r
crm.lifecycle.satisfaction.report branch       -      -      -        -      -      -       -          -
crm.lifecycle.satisfaction.report there        -      -      -        -      -      -       -          -
crm.lifecycle.satisfaction.report shared       -      -      -        r      r      r       -          r
crm.lifecycle.satisfaction.report shared_there -      -      -        -      -      -       -          -
crm.lifecycle.survey.respondent   mine         -      -      -        -      -      -       r          r
crm.lifecycle.survey.respondent   branch       -      -      -        -      -      -       r          r
crm.lifecycle.survey.respondent   there        -      -      -        -      -      -       r          r
crm.lifecycle.survey.respondent   shared_there -      -      -        -      -      -       r          r
"""


OPENS = """
    crm.lifecycle.profile.action_open_satisfaction
"""


FIELDS = """
model               fields                public portal employee seller leader manager technician admin
survey.question     lifecycle_satisfaction_kind     -      -      -        -      -      -       -          -
survey.user_input   lifecycle_company_id  -      -      -        -      -      -       -          -
survey.user_input   lifecycle_email       -      -      -        -      -      -       -          -
survey.user_input   lifecycle_respondent_ids -   -      -        -      -      -       -          -
crm.lifecycle.playbook.log  survey_input_id       -      -      -        -      -      -       -          -
res.company         lifecycle_survey_days r      r      r        r      r      r       rw         rw
res.config.settings lifecycle_survey_days -      -      -        -      -      -       rw         rw
"""
