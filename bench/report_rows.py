"""Rows for the benchmark of reports: customers with history and documents.

SQL writes them, with random values from hashes, on days in the three years up to
``AS_OF``. Each function adds one kind of rows without committing, and needs the rows of
the functions before it.
"""

from contextlib import contextmanager
from datetime import date

from odoo.fields import Command
from odoo.tools import SQL

from bench.programs import create_program

AS_OF = date(2026, 6, 30)
START = date(2023, 7, 1)
SELLERS = 20
# The path of the most active customer through the stages of the template T4b.
PATH = [
    "prospect",
    "first_deal",
    "growing",
    "churned",
    "growing",
    "loyal",
    "churned",
    "loyal",
    "churned",
    "loyal",
    "churned",
    "growing",
    "churned",
    "growing",
    "loyal",
    "churned",
    "loyal",
    "churned",
    "loyal",
]


def draw(key, salt):
    """SQL of a random number in [0, 1), different for each salt."""
    return SQL(
        "((hashint8extended((%s)::bigint, %s) & 1048575) / 1048576.0)", key, salt
    )


def fill(env, customers, moves):
    """Add the customers with their history and their purchases by month.

    :param moves: maximum number of moves per customer; the average is about 2/5 of it
    """
    company = env.company
    lifecycle = env["crm.lifecycle.template"]._instantiate("growth", company)
    lifecycle.action_activate()
    stages = {stage.code: stage.id for stage in lifecycle.stage_ids}
    sellers = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            [
                {
                    "name": f"Bench Seller {number}",
                    "login": f"bench_seller_{number}",
                    "company_id": company.id,
                    "company_ids": company.ids,
                    "group_ids": [env.ref("sales_team.group_sale_salesman").id],
                }
                for number in range(SELLERS)
            ]
        )
    )
    env.flush_all()
    fill_customers(env, customers, company, sellers)
    path = [*PATH, *(PATH[-6:] * 3)]
    fill_history(env, company, lifecycle, [stages[code] for code in path], moves)
    fill_purchases(env, company, [stages[code] for code in ("growing", "loyal")])


@contextmanager
def without_text_indexes(env, table):
    """Drop the text indexes of a table during the block, for faster inserts."""
    indexes = env.execute_query(
        SQL(
            "SELECT indexname, indexdef FROM pg_indexes "
            "WHERE tablename = %s AND indexdef LIKE '%%USING gin%%'",
            table,
        )
    )
    for name, _definition in indexes:
        env.cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
    yield
    for _name, definition in indexes:
        env.cr.execute(definition)


def fill_customers(env, customers, company, sellers):
    """Add copies of a contact, and their profiles."""
    pattern = env["res.partner"].create({"name": "Bench", "is_company": True})
    env.flush_all()
    # The rows satisfy all foreign keys; checking each of them takes ten minutes.
    env.cr.execute("SET LOCAL session_replication_role = replica")
    with without_text_indexes(env, "res_partner"):
        env.cr.execute(
            SQL(
                """
                INSERT INTO res_partner
                SELECT made.*
                  FROM res_partner AS p, generate_series(1, %s) AS n,
                       jsonb_populate_record(NULL::res_partner, to_jsonb(p)
                           || jsonb_build_object(
                                'id', p.id + n, 'commercial_partner_id', p.id + n,
                                'name', 'Bench ' || n, 'complete_name', 'Bench ' || n)
                       ) AS made
                 WHERE p.id = %s
                """,
                customers,
                pattern.id,
            )
        )
    env.cr.execute("SELECT setval('res_partner_id_seq', MAX(id)) FROM res_partner")
    env.cr.execute("ANALYZE res_partner")
    key = SQL("c.id - %s", pattern.id)
    env.cr.execute(
        SQL(
            """
            INSERT INTO crm_lifecycle_profile (
                   partner_id, company_id, active, user_id, lifecycle_id,
                   first_seen_date, facts_date, create_date, write_date)
            SELECT c.id, %(company)s, TRUE,
                   CASE WHEN %(assigned)s < 0.9 THEN
                       (%(sellers)s::int[])[1 + floor(%(seller)s * %(count)s)] END,
                   NULL, %(start)s::date + floor(%(day)s * 1000)::int,
                   now(), now(), now()
              FROM res_partner AS c
             WHERE c.id > %(first)s AND c.name LIKE 'Bench %%'
             ORDER BY c.id
            """,
            company=company.id,
            assigned=draw(key, 1),
            sellers=sellers.ids,
            seller=draw(key, 2),
            count=len(sellers),
            start=START,
            day=draw(key, 3),
            first=pattern.id,
        )
    )


def fill_history(env, company, lifecycle, path, moves):
    """Add the moves in the order of their days, and set the stage of the last one."""
    env.cr.execute(
        SQL(
            """
            INSERT INTO crm_lifecycle_history (
                   profile_id, partner_id, company_id, lifecycle_id, lifecycle_version,
                   from_stage_id, to_stage_id, date, origin, reason, facts,
                   days_in_from_stage, processed_at, is_quiet, create_date, write_date)
            SELECT id, partner_id, %(company)s, %(lifecycle)s, 1,
                   CASE WHEN n > 1 THEN (%(path)s::int[])[n - 1] END,
                   (%(path)s::int[])[n], day, 'rule', 'Bench rule',
                   jsonb_build_object('order_count', n, 'last_order_date', day),
                   CASE WHEN n > 1 THEN gap END, now(), TRUE, now(), now()
              FROM (
                    SELECT p.id, p.partner_id, n, gap,
                           p.first_seen_date + SUM(gap) OVER (
                               PARTITION BY p.id ORDER BY n)::int AS day
                      FROM crm_lifecycle_profile AS p,
                           generate_series(
                               1, 1 + floor(%(moves)s * %(most)s)::int) AS n,
                           LATERAL (SELECT CASE WHEN n = 1 THEN 0 ELSE
                               floor(%(gap)s * 90)::int END AS gap) AS g
                     WHERE p.company_id = %(company)s
                   ) AS move
             WHERE day <= %(as_of)s
             ORDER BY day, n
            """,
            company=company.id,
            lifecycle=lifecycle.id,
            path=path,
            moves=draw(SQL("p.id"), 4),
            most=moves,
            gap=draw(SQL("p.id * 32 + n"), 5),
            as_of=AS_OF,
        )
    )
    env.cr.execute("ANALYZE crm_lifecycle_profile, crm_lifecycle_history")
    env.cr.execute(
        SQL(
            """
            UPDATE crm_lifecycle_profile AS p
               SET stage_id = h.to_stage_id, stage_date = h.date,
                   lifecycle_id = h.lifecycle_id
              FROM (SELECT DISTINCT ON (profile_id) *
                      FROM crm_lifecycle_history ORDER BY profile_id, id DESC) AS h
             WHERE h.profile_id = p.id
            """
        )
    )


def fill_purchases(env, company, stages):
    """Add purchases in the months of some moves."""
    env.cr.execute(
        SQL(
            """
            INSERT INTO crm_lifecycle_purchase_month (
                   profile_id, company_id, month, purchase_count, amount, cohort_date,
                   previous_month, next_month)
            SELECT profile_id, %s, month, n, n * 49.5,
                   MIN(day) OVER w, LAG(month) OVER (w ORDER BY month),
                   LEAD(month) OVER (w ORDER BY month)
              FROM (SELECT profile_id, date_trunc('month', date)::date AS month,
                           COUNT(*) AS n, MIN(date) AS day
                      FROM crm_lifecycle_history WHERE to_stage_id = ANY(%s)
                     GROUP BY 1, 2) AS h
            WINDOW w AS (PARTITION BY profile_id)
            """,
            company.id,
            stages,
        )
    )
    env.cr.execute(
        """
        UPDATE crm_lifecycle_profile AS p
           SET order_count = m.n, order_total = m.amount, first_order_date = m.first,
               last_order_date = m.last, order_total_12m = m.amount / 2,
               order_interval_days = (m.last - m.first)::float / NULLIF(m.n - 1, 0)
          FROM (SELECT profile_id, SUM(purchase_count) AS n, SUM(amount) AS amount,
                       MIN(cohort_date) AS first, MAX(month) + 27 AS last
                  FROM crm_lifecycle_purchase_month GROUP BY 1) AS m
         WHERE m.profile_id = p.id
        """
    )


def fill_steps(env):
    """Add playbook steps after every tenth move."""
    env.cr.execute(
        SQL(
            """
            INSERT INTO crm_lifecycle_playbook_log (
                   history_id, profile_id, company_id, stage_id, kind, key, name, state,
                   date, create_date, write_date)
            SELECT h.id, h.profile_id, h.company_id, h.to_stage_id, 'plan', 'plan:1',
                   'Call', CASE WHEN %(state)s < 0.9 THEN 'done'
                                WHEN %(state)s < 0.97 THEN 'skipped' ELSE 'failed' END,
                   h.date + interval '9 hours', now(), now()
              FROM crm_lifecycle_history AS h
             WHERE %(chosen)s < 0.1
             ORDER BY h.id
            """,
            chosen=draw(SQL("h.id"), 6),
            state=draw(SQL("h.id"), 7),
        )
    )


def fill_tickets(env):
    """Add three tickets per ten customers, with answers, closings and ratings."""
    Stage = env["helpdesk.ticket.stage"]
    days = (AS_OF - START).days
    env.cr.execute(
        SQL(
            """
            INSERT INTO helpdesk_ticket (
                   company_id, name, number, description, rating_status, active,
                   partner_id, commercial_partner_id, stage_id, create_date, write_date)
            SELECT p.company_id, 'Bench', 'B' || p.id, '', 'no', TRUE,
                   p.partner_id, p.partner_id,
                   CASE WHEN %(closed)s < 0.97 THEN %(closed_stage)s ELSE %(stage)s END,
                   %(start)s::date + %(day)s * %(days)s * interval '1 day', now()
              FROM crm_lifecycle_profile AS p
             WHERE %(chosen)s < 0.3
             ORDER BY %(day)s
            """,
            closed=draw(SQL("p.id"), 8),
            closed_stage=Stage.search([("closed", "=", True)], limit=1).id,
            stage=Stage.search([("closed", "=", False)], limit=1).id,
            start=START,
            day=draw(SQL("p.id"), 9),
            days=days,
            chosen=draw(SQL("p.id"), 10),
        )
    )
    fill_ticket_events(env)


def fill_ticket_events(env):
    """Add answers, closings and ratings of tickets, and count open ones on profiles."""
    staff = env.ref("base.user_admin").partner_id
    env.cr.execute(
        SQL(
            """
            INSERT INTO mail_message (
                   model, res_id, date, message_type, subtype_id, author_id, body,
                   is_internal, create_date)
            SELECT 'helpdesk.ticket', t.id,
                   t.create_date + %(wait)s * interval '20 hours', 'comment',
                   %(subtype)s, %(author)s, 'Answer', FALSE, now()
              FROM helpdesk_ticket AS t WHERE t.name = 'Bench'
             ORDER BY t.id;
            INSERT INTO crm_lifecycle_ticket_log (res_model, res_id, date, is_open)
            SELECT 'helpdesk.ticket', t.id,
                   t.create_date + %(wait)s * interval '9 days', FALSE
              FROM helpdesk_ticket AS t
              JOIN helpdesk_ticket_stage AS s ON s.id = t.stage_id AND s.closed
             WHERE t.name = 'Bench'
             ORDER BY t.id;
            INSERT INTO rating_rating (
                   res_model, res_model_id, res_id, rating, consumed, rated_on,
                   create_date, write_date)
            SELECT 'helpdesk.ticket', %(model)s, t.id, 1 + floor(sqrt(%(rating)s) * 5),
                   TRUE, t.create_date + interval '10 days', now(), now()
              FROM helpdesk_ticket AS t
             WHERE t.name = 'Bench' AND %(rated)s < 0.6
             ORDER BY t.id;
            ANALYZE helpdesk_ticket, mail_message, crm_lifecycle_ticket_log,
                    rating_rating;
            UPDATE crm_lifecycle_profile AS p
               SET ticket_open_count = 1, ticket_oldest_open_date = t.create_date::date
              FROM helpdesk_ticket AS t
              JOIN helpdesk_ticket_stage AS s ON s.id = t.stage_id AND NOT s.closed
             WHERE t.name = 'Bench' AND t.partner_id = p.partner_id
            """,
            wait=draw(SQL("t.id"), 11),
            subtype=env.ref("mail.mt_comment").id,
            author=staff.id,
            model=env["ir.model"]._get_id("helpdesk.ticket"),
            rating=draw(SQL("t.id"), 12),
            rated=draw(SQL("t.id"), 13),
        )
    )


def fill_answers(env):
    """Add a survey score of two customers in ten."""
    survey = env["survey.survey"].create(
        {
            "title": "Bench",
            "question_and_page_ids": [
                Command.create(
                    {
                        "title": "How likely are you to recommend us?",
                        "question_type": "scale",
                        "lifecycle_satisfaction_kind": "nps",
                    }
                )
            ],
        }
    )
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            INSERT INTO survey_user_input (
                   survey_id, access_token, partner_id, state, end_datetime,
                   test_entry, create_date, write_date)
            SELECT %(survey)s, 'bench' || p.id, p.partner_id, 'done',
                   %(start)s::date + %(day)s * %(days)s * interval '1 day', FALSE,
                   now(), now()
              FROM crm_lifecycle_profile AS p
             WHERE %(chosen)s < 0.2
             ORDER BY %(day)s;
            INSERT INTO survey_user_input_line (
                   survey_id, user_input_id, question_id, answer_type, skipped,
                   value_scale, create_date, write_date)
            SELECT u.survey_id, u.id, %(question)s, 'scale', FALSE,
                   floor(sqrt(%(score)s) * 11), now(), now()
              FROM survey_user_input AS u WHERE u.survey_id = %(survey)s
             ORDER BY u.id;
            ANALYZE survey_user_input, survey_user_input_line
            """,
            survey=survey.id,
            question=survey.question_ids.id,
            start=START,
            day=draw(SQL("p.id"), 14),
            days=(AS_OF - START).days,
            chosen=draw(SQL("p.id"), 15),
            score=draw(SQL("u.id"), 16),
        )
    )


def fill_points(env):
    """Add a card for one customer in five, with five entries on average."""
    program = create_program(env)
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            INSERT INTO loyalty_card (
                   code, program_id, company_id, partner_id, points, active,
                   create_date, write_date)
            SELECT 'bench' || p.id, %(program)s, p.company_id, p.partner_id, 0, TRUE,
                   now(), now()
              FROM crm_lifecycle_profile AS p
             WHERE %(chosen)s < 0.2
             ORDER BY p.id;
            INSERT INTO crm_loyalty_entry (
                   card_id, program_id, partner_id, company_id, sequence, kind, date,
                   points, remaining, create_date, write_date)
            SELECT c.id, c.program_id, c.partner_id, c.company_id, n,
                   CASE WHEN n = 1 OR %(kind)s < 0.6 THEN 'earn'
                        WHEN %(kind)s < 0.9 THEN 'burn' ELSE 'expire' END,
                   %(start)s::date + floor(%(day)s * %(days)s)::int,
                   CASE WHEN n = 1 OR %(kind)s < 0.6 THEN 20 ELSE -5 END, 0,
                   now(), now()
              FROM loyalty_card AS c,
                   LATERAL generate_series(1, 1 + floor(%(count)s * 9)::int) AS n
             WHERE c.program_id = %(program)s
             ORDER BY %(day)s;
            ANALYZE loyalty_card, crm_loyalty_entry
            """,
            program=program.id,
            chosen=draw(SQL("p.id"), 17),
            kind=draw(SQL("c.id * 16 + n"), 18),
            start=START,
            day=draw(SQL("c.id * 16 + n"), 19),
            days=(AS_OF - START).days,
            count=draw(SQL("c.id"), 20),
        )
    )
