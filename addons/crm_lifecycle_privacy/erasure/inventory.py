"""The decisions for Odoo's models, and for those of the OCA's helpdesk.

Models of addons that are not installed are left out by `get_personal_models`. An addon
of ours decides for its own models, see `crm.lifecycle.profile._get_personal_models`.
"""

from odoo.addons.crm_lifecycle.personal_data import (
    ALL,
    DELETE,
    KEEP,
    PersonalModel,
)

# A person, and what the search for personal data starts from.
PERSON_MODELS = ("res.partner", "crm.lead")

# Models with a field that refers to persons, but which are not about customers.
IMPERSONAL = {
    "account.analytic.distribution.model": "settings",
    "account.journal": "settings",
    "account.partial.reconcile": "amounts",
    "account.reconcile.model": "settings",
    "account.reconcile.model.line": "settings",
    "base.automation": "settings",
    "crm.iap.lead.mining.request": "criteria of a search",
    "crm.lifecycle.run": "swept by text",
    "crm.lifecycle.stage": "settings",
    "crm.team": "settings",
    "crm.loyalty.bonus.rule": "settings",
    "digest.digest": "settings of employees",
    "gamification.challenge": "employees",
    "ir.actions.act_window": "screens",
    "ir.actions.server": "settings",
    "ir.cron": "settings",
    "ir.default": "settings of employees",
    "ir.embedded.actions": "screens",
    "ir.filters": "screens",
    "ir.mail_server": "settings",
    "ir.model.data": "names of records in source code",
    "link.tracker": "addresses of pages",
    "mail.alias": "settings",
    "mail.activity.plan.template": "settings",
    "mail.gateway.allowed": "settings",
    "mail.link.preview": "addresses of pages",
    "mail.template": "settings",
    "mailing.mailing": "sent to many",
    "payment.provider": "settings",
    "product.document": "documents of products",
    "product.template": "products",
    "product.supplierinfo": "prices of suppliers",
    "project.milestone": "steps of a project",
    "quotation.document": "documents of quotations",
    "res.bank": "banks",
    "res.company": "the company itself",
    "res.country.state": "settings",
    "res.partner.category": "tags",
    "res.users.settings.embedded.action": "screens",
    "resource.resource": "employees",
    "sms.tracker": "numbers",
    "survey.question": "settings",
    "survey.survey": "settings",
    "utm.campaign": "settings",
}

# Rows that live for hours or days, without a link to a person: found by their text.
SWEPT_MODELS = {
    "bus.bus": DELETE,
    "ir.logging": DELETE,
    "mail.push": DELETE,
    "background.task": KEEP,
    "crm.lifecycle.run": KEEP,
    "queue.job": KEEP,
}


def get_odoo_models(env):
    """Return the decisions for the models of Odoo and of the OCA's helpdesk."""
    return [
        *_get_person_models(env),
        *_get_sale_models(env),
        *_get_service_models(env),
        *_get_calendar_models(env),
        *_get_message_models(env),
        *_get_mailing_models(env),
    ]


def _get_person_models(env):
    return [
        PersonalModel(
            name="res.partner",
            replaced={
                "name": env._("Erased customer %(id)s", id="{id}"),
                "complete_name": env._("Erased customer %(id)s", id="{id}"),
            },
            kept=("invoice_edi_format_store",),
            cleared=("partner_latitude", "partner_longitude", "date_localization"),
            unlinked=("category_id",),
            is_archived=True,
            names=(
                *("name", "email", "phone", "street", "street2", "zip", "city"),
                *("state_id", "country_id", "website", "function", "vat", "ref"),
                *("category_id", "comment"),
            ),
        ),
        PersonalModel(
            name="crm.lead",
            links=("partner_id",),
            emails=("email_normalized",),
            owned_if="""t.partner_id IS NULL OR t.partner_id IN (
                SELECT id FROM privacy_record WHERE model = 'res.partner')""",
            replaced={"name": env._("Erased lead %(id)s", id="{id}")},
            unlinked=("tag_ids",),
            names=(
                *("name", "contact_name", "partner_name", "email_from", "phone"),
                *("street", "zip", "city", "stage_id", "expected_revenue"),
                *("create_date", "tag_ids", "description"),
            ),
        ),
        PersonalModel(
            name="res.users",
            links=("partner_id",),
            replaced={"login": "erased-{id}"},
            cleared=("password", "oauth_uid", "oauth_access_token", "totp_secret"),
            is_archived=True,
            names=("login", "create_date"),
        ),
        *(
            PersonalModel(
                name=name, decision=DELETE, links=("user_id",), is_technical=True
            )
            for name in (
                *("res.users.apikeys", "res.device.log", "auth_totp.device"),
                "res.users.settings",
            )
        ),
        PersonalModel(
            name="auth.passkey.key",
            decision=DELETE,
            links=("create_uid",),
            is_technical=True,
        ),
        PersonalModel(
            name="res.users.settings.volumes",
            decision=DELETE,
            links=("partner_id", "guest_id"),
            is_technical=True,
        ),
        PersonalModel(
            name="mail.push.device",
            decision=DELETE,
            links=("partner_id",),
            is_technical=True,
        ),
        PersonalModel(
            name="res.partner.bank",
            links=("partner_id",),
            replaced={
                "acc_number": "ERASED {id}",
                "sanitized_acc_number": "ERASED{id}",
            },
            is_archived=True,
            names=("acc_number", "acc_holder_name", "bank_id"),
        ),
        PersonalModel(
            name="website.visitor",
            decision=DELETE,
            links=("partner_id",),
            is_technical=True,
        ),
    ]


def _get_sale_models(env):
    by_law = env._(
        "Accounting documents are kept as long as the law of your country asks."
    )
    commercial = env._("Orders stay, for the sums; names are removed from their texts.")
    amounts = env._("Payments stay, as the proof of who paid what.")
    return [
        PersonalModel(
            name="sale.order",
            decision=KEEP,
            links=("partner_id", "opportunity_id"),
            mentions=("partner_invoice_id", "partner_shipping_id"),
            scrubbed=("client_order_ref", "origin", "reference", "note"),
            cleared=("signed_by", "customizable_pdf_form_fields"),
            names=("name", "date_order", "state", "amount_total", "client_order_ref"),
            reason=commercial,
        ),
        PersonalModel(
            name="sale.order.line",
            decision=KEEP,
            links=("order_id",),
            scrubbed=("name",),
            is_technical=True,
        ),
        PersonalModel(
            name="product.attribute.custom.value",
            links=("sale_order_line_id",),
            is_technical=True,
        ),
        PersonalModel(
            name="account.move",
            decision=KEEP,
            links=("partner_id",),
            mentions=("commercial_partner_id", "partner_shipping_id"),
            kept=ALL,
            names=("name", "invoice_date", "state", "amount_total", "payment_state"),
            reason=by_law,
        ),
        PersonalModel(
            name="account.move.line",
            decision=KEEP,
            links=("move_id", "partner_id"),
            kept=ALL,
            is_technical=True,
        ),
        PersonalModel(
            name="account.payment",
            decision=KEEP,
            links=("partner_id",),
            kept=ALL,
            names=("name", "date", "amount", "memo"),
            reason=by_law,
        ),
        PersonalModel(
            name="account.bank.statement.line",
            decision=KEEP,
            links=("partner_id", "move_id"),
            kept=ALL,
            names=("date", "amount", "payment_ref", "account_number"),
            reason=by_law,
        ),
        PersonalModel(
            name="account.bank.statement",
            decision=KEEP,
            kept=ALL,
            is_technical=True,
        ),
        PersonalModel(
            name="account.analytic.account",
            decision=KEEP,
            links=("partner_id",),
            scrubbed=("name",),
            reason=commercial,
        ),
        PersonalModel(
            name="account.analytic.line",
            decision=KEEP,
            links=("partner_id", "move_line_id"),
            scrubbed=("name", "ref"),
            reason=commercial,
            is_technical=True,
        ),
        PersonalModel(
            name="payment.token",
            links=("partner_id",),
            kept=("provider_ref",),
            is_archived=True,
            names=("payment_details",),
        ),
        PersonalModel(
            name="payment.transaction",
            links=("partner_id",),
            kept=("reference", "provider_reference"),
            names=("reference", "amount", "state", "partner_name", "partner_email"),
            reason=amounts,
        ),
        PersonalModel(
            name="loyalty.card",
            decision=KEEP,
            links=("partner_id",),
            names=("code", "program_id", "points"),
            reason=env._("Points stay, for the sums."),
        ),
        PersonalModel(
            name="loyalty.history",
            decision=KEEP,
            links=("card_id",),
            scrubbed=("description",),
            is_technical=True,
        ),
        PersonalModel(
            name="pos.order",
            decision=KEEP,
            links=("partner_id",),
            cleared=(
                *("email", "mobile", "floating_order_name"),
                *("general_customer_note", "internal_note"),
            ),
            scrubbed=("last_order_preparation_change",),
            names=("pos_reference", "date_order", "amount_total", "email", "mobile"),
            reason=commercial,
        ),
        PersonalModel(
            name="pos.order.line",
            decision=KEEP,
            links=("order_id",),
            cleared=("customer_note",),
            scrubbed=("note", "notice", "full_product_name"),
            is_technical=True,
        ),
        PersonalModel(
            name="snailmail.letter",
            links=("partner_id",),
            reference=("model", "res_id"),
            kept=("info_msg",),
            is_technical=True,
        ),
    ]


def _get_service_models(env):
    ticket = env._("Erased")
    return [
        PersonalModel(
            name="project.project",
            decision=KEEP,
            links=("partner_id",),
            scrubbed=("name", "description"),
            names=("name",),
            reason=env._("Projects stay; names are removed from their texts."),
        ),
        PersonalModel(
            name="project.task",
            links=("partner_id",),
            emails=("email_from",),
            replaced={"name": ticket},
            cleared=("displayed_image_id",),
            names=("name", "create_date", "project_id", "stage_id", "description"),
        ),
        PersonalModel(
            name="project.update",
            decision=KEEP,
            links=("project_id",),
            scrubbed=("name", "description", "email_cc"),
            is_technical=True,
        ),
        PersonalModel(
            name="project.collaborator",
            decision=DELETE,
            links=("partner_id",),
            is_technical=True,
        ),
        PersonalModel(
            name="helpdesk.ticket",
            links=("partner_id",),
            emails=("partner_email",),
            kept=("number",),
            replaced={"name": ticket, "description": ticket},
            names=("number", "name", "create_date", "stage_id", "description"),
        ),
        PersonalModel(
            name="rating.rating",
            links=("partner_id",),
            reference=("res_model", "res_id"),
            kept=("parent_res_model", "parent_res_name", "access_token"),
            names=("create_date", "rating_text", "feedback"),
        ),
        PersonalModel(
            name="event.registration",
            links=("partner_id",),
            emails=("email",),
            kept=("barcode",),
            names=("event_id", "name", "email", "phone", "state"),
        ),
        PersonalModel(
            name="event.registration.answer",
            links=("registration_id",),
            replaced={"value_text_box": ticket},
            is_technical=True,
        ),
    ]


def _get_calendar_models(env):
    return [
        PersonalModel(
            name="calendar.event",
            links=("opportunity_id",),
            referred_by=(("calendar.attendee", "event_id"),),
            reference=("res_model", "res_id"),
            # No other guest from outside.
            owned_if="""NOT EXISTS (
                SELECT FROM calendar_attendee AS a
                 WHERE a.event_id = t.id
                   AND a.partner_id NOT IN (
                       SELECT id FROM privacy_record WHERE model = 'res.partner')
                   AND NOT EXISTS (
                       SELECT FROM res_users AS u
                        WHERE u.partner_id = a.partner_id AND NOT u.share))""",
            replaced={"name": env._("Erased")},
            names=("name", "start", "stop", "location", "description"),
        ),
        PersonalModel(
            name="calendar.attendee",
            links=("partner_id",),
            kept=("access_token",),
            is_technical=True,
        ),
        PersonalModel(
            name="calendar.recurrence",
            decision=KEEP,
            kept=ALL,
            is_technical=True,
        ),
        PersonalModel(
            name="calendar.filters",
            decision=DELETE,
            links=("partner_id",),
            is_technical=True,
        ),
    ]


class Messages(PersonalModel):
    def get_row(self, record):
        """Return nothing for a message that only has the values of a change."""
        row = super().get_row(record)
        return row if len(row) > 1 else {}


def _get_message_models(env):
    return [
        PersonalModel(
            name="mail.guest",
            emails=("email",),
            replaced={"name": env._("Erased")},
            kept=("access_token",),
            names=("name", "email"),
        ),
        PersonalModel(
            name="discuss.channel",
            decision=KEEP,
            referred_by=(("discuss.channel.member", "channel_id"),),
            owned_if="FALSE",
            scrubbed=("name", "description"),
            reason=env._("Conversations stay with the others who took part in them."),
        ),
        PersonalModel(
            name="discuss.channel.member",
            links=("partner_id", "guest_id"),
            is_technical=True,
        ),
        Messages(
            name="mail.message",
            links=("author_id", "author_guest_id"),
            mentions=("partner_ids",),
            referred_by=(("mail.mail", "mail_message_id"),),
            reference=("model", "res_id"),
            emails=(
                *("email_from", "outgoing_email_to"),
                *("incoming_email_to", "incoming_email_cc"),
            ),
            kept=("email_layout_xmlid",),
            names=("date", "subject", "body"),
        ),
        PersonalModel(
            name="mail.tracking.value",
            links=("mail_message_id",),
            # The time that a record was in each stage is computed from these rows.
            owned_if="""NOT EXISTS (
                SELECT FROM ir_model_fields AS f
                 WHERE f.id = t.field_id
                   AND (f.ttype = 'selection'
                        OR f.ttype = 'many2one'
                           AND f.relation NOT IN ('res.partner', 'crm.lead')))""",
            kept=("field_info",),
            is_technical=True,
        ),
        PersonalModel(
            name="mail.mail",
            decision=DELETE,
            late_links=("mail_message_id",),
            mentions=("recipient_ids",),
            emails=("email_to", "email_cc"),
            is_technical=True,
        ),
        PersonalModel(
            name="mail.notification",
            links=("res_partner_id", "mail_message_id"),
            emails=("mail_email_address",),
            replaced={"mail_email_address": "erased"},
            is_technical=True,
        ),
        *(
            PersonalModel(name=name, decision=DELETE, links=(link,), is_technical=True)
            for name, link in (
                ("mail.message.schedule", "mail_message_id"),
                ("mail.message.translation", "message_id"),
                ("mail.message.link.preview", "message_id"),
                ("mail.message.reaction", "partner_id"),
            )
        ),
        PersonalModel(
            name="mail.scheduled.message",
            decision=DELETE,
            links=("author_id",),
            reference=("model", "res_id"),
            names=("scheduled_date", "subject", "body"),
        ),
        PersonalModel(
            name="mail.followers",
            decision=DELETE,
            links=("partner_id",),
            is_technical=True,
        ),
        PersonalModel(
            name="mail.activity",
            reference=("res_model", "res_id"),
            deleted_if="t.active",  # still to be done
            names=("date_deadline", "activity_type_id", "summary", "note"),
        ),
        PersonalModel(
            name="sms.sms",
            decision=DELETE,
            links=("partner_id", "mail_message_id"),
            is_technical=True,
        ),
        PersonalModel(
            name="ir.attachment",
            decision=DELETE,
            reference=("res_model", "res_id"),
            kept_if=f"t.res_model IN ({', '.join(map(repr, KEPT_ATTACHMENTS))})",
            kept=(
                *("res_field", "url", "access_token", "store_fname"),
                *("checksum", "mimetype"),
            ),
            names=("name", "mimetype", "create_date"),
            reason=env._("Printed invoices are accounting documents."),
        ),
    ]


# Models of accounting, and of records that are shared, or used by more than one person.
KEPT_ATTACHMENTS = (
    "account.move",
    "account.payment",
    "account.bank.statement",
    "account.bank.statement.line",
    "discuss.channel",
    "project.project",
)


def _get_mailing_models(env):
    withdrawal = env._("The proof that the person wants no more mails.")
    return [
        PersonalModel(
            name="mailing.contact",
            emails=("email_normalized",),
            kept_if="""EXISTS (
                SELECT FROM mailing_subscription AS s
                 WHERE s.contact_id = t.id AND s.opt_out)""",
            cleared=("name", "first_name", "last_name", "company_name"),
            names=("name", "email", "list_ids"),
            reason=withdrawal,
        ),
        PersonalModel(
            name="mail.blacklist",
            decision=KEEP,
            emails=("email",),
            kept=ALL,
            names=("email", "create_date"),
            reason=withdrawal,
        ),
        PersonalModel(
            name="mailing.trace",
            emails=("email",),
            reference=("model", "res_id"),
            kept=("failure_reason",),
            names=("mass_mailing_id", "email", "sent_datetime", "open_datetime"),
        ),
        PersonalModel(
            name="link.tracker.click",
            links=("mailing_trace_id",),
            is_technical=True,
        ),
        PersonalModel(
            name="privacy.log",
            decision=KEEP,
            kept=ALL,
            is_technical=True,
        ),
    ]
