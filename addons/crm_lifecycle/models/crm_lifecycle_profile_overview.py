"""Overview of a customer, shown wherever users open it.

Plain classes (`profile/`) build the content; this model has the calls of the web client
and the hooks for other addons.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..profile.explain import Explanation
from ..profile.overview import EVENT_LIMIT, Overview
from ..profile.timeline import Timeline


class CrmLifecycleProfile(models.Model):
    """Overview of a customer, loaded on demand by a widget of forms.

    Contacts, leads and orders load theirs by `get_overview`; nothing is read before a
    user opens it.
    """

    _inherit = "crm.lifecycle.profile"

    explanation = fields.Html(
        string="Why and what next",
        compute="_compute_explanation",
        sanitize=False,  # rendered from our own template only
    )
    stage_duration_ids = fields.One2many(
        comodel_name="crm.lifecycle.stage.duration",
        inverse_name="profile_id",
        string="Time in stages",
        readonly=True,
    )

    # ------------------------------------------------------------
    # Calls of the web client
    # ------------------------------------------------------------

    @api.model
    @api.readonly
    def get_overview(self, model, res_id, short=False):
        """Return the overview of a document's customer, False if there is none.

        ``short`` is for documents with other content to show: only the first facts and
        the newest events, without the kinds of events.
        """
        profile = self._get_profile_of(model, res_id)
        if not profile:
            return False
        return Overview(profile).get(short=short)

    @api.model
    @api.readonly
    def get_timeline(self, model, res_id, kinds=(), limit=EVENT_LIMIT):
        """Return the newest events of a document's customer, of some kinds or all."""
        profile = self._get_profile_of(model, res_id)
        if not profile:
            return {"events": [], "more": False}
        limit = max(1, min(limit, 500)) if type(limit) is int else EVENT_LIMIT
        kinds = kinds if isinstance(kinds, list | tuple) else ()
        kinds = [kind for kind in kinds if isinstance(kind, str)]
        events = profile._get_timeline(limit + 1, kinds)
        return {"events": events[:limit], "more": len(events) > limit}

    @api.model
    def _get_profile_of(self, model, res_id):
        """Return the profile of a document, if the user may read both."""
        if not isinstance(model, str) or type(res_id) is not int:
            raise UserError(self.env._("Name a document by its model and its id."))
        res_id = res_id if 0 < res_id < 2**31 else 0  # ids are 32-bit integers
        if model == self._name:
            profile = self.browse(res_id).exists()
        elif model in self.env and "lifecycle_profile_id" in self.env[model]._fields:
            record = self.env[model].browse(res_id).exists()
            record.check_access("read")
            profile = record.lifecycle_profile_id
        else:
            raise UserError(
                self.env._("“%(model)s” has no customer of a lifecycle.", model=model)
            )
        profile.check_access("read")
        return profile.with_prefetch()

    # ------------------------------------------------------------
    # Explanation
    # ------------------------------------------------------------

    @api.depends(
        "stage_id",
        "stage_date",
        "pinned_until",
        "held_until",
        "decision",
        "facts_date",
    )
    @api.depends_context("lang", "uid")
    def _compute_explanation(self):
        for profile in self:
            profile.explanation = (
                profile._origin.id
                and profile._origin.stage_id
                and self.env["ir.qweb"]._render(
                    "crm_lifecycle.explanation", profile._origin._explain()
                )
            )

    def _explain(self, as_of=None):
        """Return why the customer is in the stage, and what each rule waits for.

        Shape: ``{"why": history row, "pinned_until": date or False, "held_until": the
        day on which the hold ends, or False, "next_move": the `OutlookMove` that waits
        for it, or None, "hold": both as a sentence, or "", "stopped": why no rule
        moves the customer at all, or "", "goes_to": the lifecycle that takes the
        customer over in the next run, or an empty one, "rules": see
        `Explanation.explain_rules`}``.
        """
        self.ensure_one()
        as_of = as_of or self.company_id._lifecycle_today()
        # sudo: a user who sees the customer may see what decides about it.
        return Explanation(self.sudo(), as_of).get()

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    @api.model
    def _get_overview_fact_names(self, short=False):
        """Extension point: return ``{fact: the fact of the year before or None}``.

        ``short`` restricts them to the facts that matter on other documents too.
        """
        names = ["last_contact_date", "last_inbound_date", "open_lead_count"]
        if not short:
            names = ["first_seen_date", *names, "won_count", "lost_count"]
        return dict.fromkeys(names)

    # ------------------------------------------------------------
    # Timeline
    # ------------------------------------------------------------

    @api.model
    def _get_timeline_kinds(self):
        """Extension point: return ``{kind: (label, icon)}``, in order."""
        return {
            "stage": (self.env._("Stages"), "fa-flag"),
            "marketing": (self.env._("Marketing"), "fa-bullhorn"),
            "sale": (self.env._("Sales"), "fa-shopping-cart"),
            "service": (self.env._("Service"), "fa-life-ring"),
            "loyalty": (self.env._("Loyalty"), "fa-heart"),
            "contact": (self.env._("Conversations"), "fa-comments"),
        }

    def _lifecycle_timeline_sources(self, limit=None):
        """Extension point: return SQL selects of `COLUMNS`, newest first.

        A bridge appends its own, mostly from `_get_events_sql`, which returns nothing
        for         users without access to the model; such a source is left out.

        :param limit: the maximum number of rows needed of each
        """
        self.ensure_one()
        return Timeline(self).get_sources(limit)

    def _get_events_sql(self, model, domain, **words):
        """Return the SQL of the documents of a model as events.

        Only documents that the user may read are included.

        :param domain: the documents; those without a date or with a future date are
            always excluded
        :param label: the event, in the user's language
        :param date: the field with the date of the event; a day counts as its last
            moment
        :param title, detail, amount, currency: fields to show, or paths to them through
            many2one fields
        """
        return Timeline(self).search(model, domain, **words)

    def _get_conversations_sql(self, model, documents, limit):
        """Extension point: return the SQL of the conversations on some documents.

        A user who may read a document may read its conversations: the documents are
        searched with the user's rights, but the conversations are not checked one by
        one.

        :param documents: SQL of their ids, in parentheses
        """
        return Timeline(self).get_conversations(model, documents, limit)

    def _get_customer_domain(self, partner="partner_id", lead=None, company=None):
        """Return the domain of the customer's documents.

        :param partner, lead, company: the fields of a document for its contact, its
            lead and its company
        """
        self.ensure_one()
        mine = Domain.FALSE
        if self.partner_id:
            # sudo: which contacts belong to the customer is not confidential.
            contacts = (
                self.env["res.partner"]
                .sudo()
                .with_context(active_test=False)
                ._search([("commercial_partner_id", "=", self.partner_id.id)])
            )
            mine = Domain(partner, "in", contacts)
        elif lead:
            mine = Domain(lead, "=", self.lead_id.id)
        if company:
            mine &= Domain(company, "in", [False, self.company_id.id])
        return mine

    def _get_timeline(self, limit, kinds=()):
        """Return the newest events as dictionaries of `COLUMNS`, newest first."""
        return Timeline(self).get(limit, kinds)
