"""A person of whom every addon stores something, and a search for what is left."""

import re

from odoo.fields import Command
from odoo.tools import mute_logger

NAME = "Zaphodina Qzorblat"
FORMER_NAME = "Fribbelina Oldname"
EMAIL = "zaph@qzorblat.example"
FORMER_EMAIL = "fribb@oldname.example"
PHONE = "+33 6 12 34 56 78"
STREET = "12 Quuxgasse"
ACCOUNT = "DE89 3704 0044 0532 0130 00"
# In lower case, as they may be written anywhere; numbers also without spaces.
TRACES = (
    *("zaphodina", "qzorblat", "fribbelina", "quuxgasse"),
    *("612345678", "6 12 34 56 78", "0532 0130", "370400440532013000"),
)
WORDS = f"{NAME}, {EMAIL}, {PHONE}, {STREET}, {ACCOUNT}"
FILE = f"Letter to {NAME}".encode()


class Person:
    """A contact with everything that the installed addons store on one.

    :ivar found: ``{model: records}`` of each kind
    """

    def __init__(self, env, company):
        self.env = env
        self.company = company
        env = env(context={**env.context, "mail_notify_force_send": False})
        self.partner = env["res.partner"].create(
            {
                "name": FORMER_NAME,
                "email": FORMER_EMAIL,
                "phone": PHONE,
                "street": STREET,
                "comment": WORDS,
                "category_id": [Command.create({"name": "Regular"})],
                "bank_ids": [
                    Command.create({"acc_number": ACCOUNT, "acc_holder_name": NAME})
                ],
                "child_ids": [
                    Command.create(
                        {"name": f"Delivery {NAME}", "type": "delivery", "email": EMAIL}
                    )
                ],
            }
        )
        env.flush_all()
        self._flush_tracking()
        self.partner.write({"name": NAME, "email": EMAIL})
        self._flush_tracking()
        self.stranger = env["res.partner"].create(
            {"name": "Stranger", "email": "s@x.example"}
        )
        self.profile = env["crm.lifecycle.profile"].create(
            {"partner_id": self.partner.id, "company_id": company.id, "note": WORDS}
        )
        for name in dir(self):
            if name.startswith("_add_"):
                getattr(self, name)(env)
        self._flush_tracking()
        env.flush_all()

    def _flush_tracking(self):
        self.env.flush_all()
        self.env.cr.precommit.run()  # tracking values are written at the end

    def _talk(self, record):
        """Have messages, files, followers and activities on a record."""
        if hasattr(record, "message_post"):
            record.message_subscribe(partner_ids=self.partner.ids)
            record.message_post(body=WORDS, subject=WORDS, author_id=self.partner.id)
            record.message_post(
                body=f"Dear {NAME}",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
        if hasattr(record, "activity_schedule"):
            for summary in (f"Call {NAME}", f"Called {NAME}"):
                activity = record.activity_schedule(
                    "mail.mail_activity_data_call", summary=summary, note=WORDS
                )
            activity.action_feedback(feedback=WORDS)
        self.env["ir.attachment"].create(
            {
                "name": f"{NAME} {record._name}.txt",
                "res_model": record._name,
                "res_id": record.id,
                "raw": FILE,
            }
        )

    def _add_contact(self, env):
        self._talk(self.partner)
        self._talk(self.profile)
        self.partner.image_1920 = (
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6"
            "kgAAAABJRU5ErkJggg=="
        )

    def _add_leads(self, env):
        lead, other = env["crm.lead"].create(
            [
                {"name": f"Shop of {NAME}", "partner_id": self.partner.id},
                {"name": f"Mail of {NAME}", "email_from": f"{NAME} <{EMAIL}>"},
            ]
        )
        lead.write(
            {
                "contact_name": NAME,
                "description": WORDS,
                "phone": PHONE,
                "street": STREET,
            }
        )
        other.write({"contact_name": NAME, "referred": NAME, "phone": PHONE})
        self._flush_tracking()
        lead.write({"email_from": FORMER_EMAIL})
        self._flush_tracking()
        self._talk(lead)

    def _add_moves(self, env):
        stage = self.profile.lifecycle_id.stage_ids[1]
        self.profile._lifecycle_move(stage, origin="manual", reason=f"{NAME} called")
        env["crm.lifecycle.playbook.log"].create(
            {
                "history_id": self.profile.history_ids[0].id,
                "profile_id": self.profile.id,
                "company_id": self.company.id,
                "kind": "mail",
                "key": "mail:1",
                "state": "skipped",
                "reason": WORDS,
            }
        )

    def _add_user(self, env):
        self.user = (
            env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                {
                    "name": NAME,
                    "login": EMAIL,
                    "partner_id": self.partner.id,
                    "group_ids": [Command.set(env.ref("base.group_portal").ids)],
                    "company_id": self.company.id,
                    "company_ids": [Command.set(self.company.ids)],
                }
            )
        )

    def _add_orders(self, env):
        product = env["product.product"].create({"name": "Thing", "type": "service"})
        self.order = env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "client_order_ref": f"For {NAME}",
                "note": f"Phone {PHONE}",
                "signed_by": NAME,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "name": f"Thing for {NAME}"}
                    )
                ],
            }
        )
        self.order.action_confirm()
        self._talk(self.order)
        env["payment.token"]._fields  # noqa: B018 - installed with sales
        provider = env["payment.provider"].search([], limit=1)
        method = env["payment.method"].search([], limit=1)
        if provider and method:
            env["payment.transaction"].create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": method.id,
                    "reference": "TX-ERASURE",
                    "amount": 1,
                    "currency_id": self.company.currency_id.id,
                    "partner_id": self.partner.id,
                }
            )

    def _add_tickets(self, env):
        if "helpdesk.ticket" in env:
            ticket = env["helpdesk.ticket"].create(
                {
                    "name": f"Help {NAME}",
                    "description": WORDS,
                    "partner_id": self.partner.id,
                    "partner_name": NAME,
                    "partner_email": EMAIL,
                    "company_id": self.company.id,
                }
            )
            self._talk(ticket)
        desk = env["project.project"].create(
            {"name": "Desk", "company_id": self.company.id}
        )
        task = env["project.task"].create(
            {
                "name": f"Repair for {NAME}",
                "description": WORDS,
                "project_id": desk.id,
                "partner_id": self.partner.id,
                "email_cc": EMAIL,
            }
        )
        self._talk(task)
        env["rating.rating"].create(
            {
                "res_model_id": env["ir.model"]._get_id("project.task"),
                "res_id": task.id,
                "partner_id": self.partner.id,
                "rating": 5,
                "consumed": True,
                "feedback": WORDS,
            }
        )

    def _add_survey(self, env):
        survey = env["survey.survey"].create(
            {"title": "Welcome", "access_mode": "token"}
        )
        question = env["survey.question"].create(
            {"survey_id": survey.id, "title": "Why?", "question_type": "text_box"}
        )
        answer = survey._create_answer(partner=self.partner, email=EMAIL)
        answer.nickname = NAME
        answer._save_lines(question, WORDS)

    def _add_risk_and_visit(self, env):
        case = env["crm.lifecycle.risk.case"].create(
            {"profile_id": self.profile.id, "note": WORDS, "lesson": WORDS}
        )
        self._talk(case)
        env["crm.lifecycle.visit"].create(
            {"profile_id": self.profile.id, "note": WORDS, "next_step": WORDS}
        )

    def _add_points(self, env):
        program = env["loyalty.program"].create(
            {
                "name": "Club",
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "company_id": self.company.id,
            }
        )
        self.card = env["loyalty.card"].create(
            {"partner_id": self.partner.id, "program_id": program.id}
        )
        self.card._post_points(100, "earn", reason=f"Gift for {NAME}")
        self.card._post_points(-30, "burn")
        adjustment = env["crm.loyalty.adjustment"].create(
            {"card_id": self.card.id, "points": 5, "reason": f"{NAME} complained"}
        )
        adjustment.action_ask()
        self._talk(self.card)
        self._talk(adjustment)

    def _add_meetings(self, env):
        mine, shared = env["calendar.event"].create(
            [
                {
                    "name": f"Lunch with {NAME}",
                    "description": WORDS,
                    "location": STREET,
                    "start": "2026-03-02 12:00:00",
                    "stop": "2026-03-02 13:00:00",
                    "partner_ids": [Command.set(guests.ids)],
                }
                for guests in (self.partner, self.partner | self.stranger)
            ]
        )
        self._talk(mine)
        self.shared_event = shared

    def _add_mailings(self, env):
        mailing_list = env["mailing.list"].create({"name": "News"})
        contact = env["mailing.contact"].create(
            {
                "name": NAME,
                "email": EMAIL,
                "list_ids": [Command.set(mailing_list.ids)],
            }
        )
        mailing = env["mailing.mailing"].create(
            {
                "subject": "News",
                "mailing_model_id": env["ir.model"]._get_id("mailing.list"),
            }
        )
        env["mailing.trace"].create(
            {
                "mass_mailing_id": mailing.id,
                "model": "mailing.contact",
                "res_id": contact.id,
                "email": EMAIL,
            }
        )

    def _add_queued(self, env):
        env["mail.mail"].create(
            [
                {
                    "subject": WORDS,
                    "body_html": WORDS,
                    "email_to": f"{NAME} <{EMAIL}>",
                    "model": "res.partner",
                    "res_id": self.partner.id,
                },
                {"body_html": WORDS, "recipient_ids": [Command.set(self.partner.ids)]},
                {"body_html": WORDS, "email_to": EMAIL, "subject": WORDS},
            ]
        )
        env["sms.sms"].create(
            {"number": PHONE, "body": WORDS, "partner_id": self.partner.id}
        )
        env["mail.scheduled.message"].create(
            {
                "model": "res.partner",
                "res_id": self.partner.id,
                "author_id": env.user.partner_id.id,
                "body": WORDS,
                "subject": WORDS,
                "scheduled_date": "2036-01-01 00:00:00",
            }
        )
        env["mail.compose.message"].create({"subject": WORDS, "body": WORDS})
        env["bus.bus"]._sendone("channel", "type", {"name": NAME})
        env.cr.precommit.run()

    def _add_elsewhere(self, env):
        """What the person wrote on records of others, and what others wrote there."""
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            self.stranger.message_post(body=WORDS, author_id=self.partner.id)
            self.stranger.message_post(body=WORDS, email_from=f"{NAME} <{EMAIL}>")
            self.stranger.message_post(
                body=f"To {NAME} and others", partner_ids=self.partner.ids
            )
        channel = env["discuss.channel"].create(
            {
                "name": f"About {NAME}",
                "channel_type": "channel",
                "group_public_id": False,
                "channel_member_ids": [Command.create({"partner_id": self.partner.id})],
            }
        )
        channel.message_post(body=WORDS, author_id=self.partner.id)
        channel.message_post(body=f"{NAME} called")


def search_database(env, traces=TRACES):
    """Return ``{table: [row, …]}`` with a trace in any column of any table."""
    env.flush_all()
    env.cr.execute(
        "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n "
        "ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = 'public' "
        "ORDER BY c.relname"
    )
    found = {}
    pattern = "|".join(re.escape(trace) for trace in traces)
    for [table] in env.cr.fetchall():
        env.cr.execute(
            f'SELECT t.x FROM (SELECT row_to_json(r)::text AS x FROM "{table}" AS r) t '
            "WHERE lower(t.x) ~ %s",
            [pattern],
        )
        if env.cr.rowcount:
            found[table] = [row[0] for row in env.cr.fetchall()]
    return found


def search_filestore(env, names, traces=TRACES):
    """Return those of the stored files that have a trace."""
    found = []
    for name in names:
        try:
            data = env["ir.attachment"]._file_read(name)
        except OSError:
            continue
        if any(trace.encode() in data.lower() for trace in traces):
            found.append(name)
    return found
