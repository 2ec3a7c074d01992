from itertools import cycle

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import split_every

# Records in one write. More than a few hundred are handed over in the background.
BATCH = 200
SMALL_HANDOVER = 500


class CrmLifecycleHandover(models.TransientModel):
    """Hands over the customers and the work of a user, such as one who leaves.

    An addon adds a kind of work: a field ``hand_<kind>``, a field ``<kind>_count``, and
    the methods ``_find_<kind>``, ``_get_<kind>_profiles`` and ``_give_<kind>``.
    """

    _name = "crm.lifecycle.handover"
    _description = "Hand Over Customers"
    _inherit = ["crm.lifecycle.reference.mixin"]
    _readable_fields = ("profile_ids",)

    from_user_id = fields.Many2one(
        comodel_name="res.users",
        string="From",
        required=True,
        domain=[("share", "=", False)],
        context={"active_test": False},
        ondelete="cascade",
    )
    company_ids = fields.Many2many(
        comodel_name="res.company",
        string="Companies",
        required=True,
        default=lambda self: self.env.companies,
        domain="[('id', 'in', allowed_company_ids)]",
    )
    profile_ids = fields.Many2many(
        comodel_name="crm.lifecycle.profile",
        string="Chosen customers",
        help="Only these customers, and the work with them. Empty: all of the user.",
    )
    target = fields.Selection(
        selection=[
            ("user", "One user"),
            ("leader", "The leader of their team"),
            ("distribute", "Several users, in equal parts"),
        ],
        string="To",
        required=True,
        default="user",
    )
    to_user_id = fields.Many2one(
        comodel_name="res.users",
        string="New salesperson",
        domain=[("share", "=", False)],
        ondelete="cascade",
    )
    to_user_ids = fields.Many2many(
        comodel_name="res.users",
        string="New salespeople",
        compute="_compute_to_user_ids",
        store=True,
        readonly=False,
        domain=[("share", "=", False)],
    )
    hand_customers = fields.Boolean(string="Customers", default=True)
    customers_count = fields.Integer(compute="_compute_counts")
    hand_leads = fields.Boolean(string="Open leads and opportunities", default=True)
    leads_count = fields.Integer(compute="_compute_counts")
    hand_activities = fields.Boolean(string="Activities and follow-ups", default=True)
    activities_count = fields.Integer(compute="_compute_counts")
    hand_stages = fields.Boolean(string="Stages with their follow-ups", default=True)
    stages_count = fields.Integer(compute="_compute_counts")

    @api.model
    def default_get(self, fields):
        """Propose the user or the customers from which the dialog was opened."""
        defaults = super().default_get(fields)
        ids = self.env.context.get("active_ids") or []
        model = self.env.context.get("active_model")
        if model == "res.users" and ids:
            defaults.setdefault("from_user_id", ids[0])
        elif model == "crm.lifecycle.profile" and ids:
            profiles = self.env[model].browse(ids)
            profiles.check_access("read")
            defaults.setdefault("profile_ids", [Command.set(ids)])
            by_user = profiles.filtered("user_id").grouped("user_id")
            if by_user:
                user = max(by_user, key=lambda item: len(by_user[item]))
                defaults.setdefault("from_user_id", user.id)
        return defaults

    @api.depends("from_user_id", "target")
    def _compute_to_user_ids(self):
        """Propose the members of the team."""
        for handover in self:
            user = handover.from_user_id._origin
            members = user._get_lifecycle_teams().member_ids - user
            handover.to_user_ids = (
                members.with_env(self.env) if handover.target == "distribute" else False
            )

    @api.depends("from_user_id", "company_ids", "profile_ids")
    def _compute_counts(self):
        for handover in self:
            for kind in self._get_kinds():
                records = handover.from_user_id and handover._find(kind)
                handover[f"{kind}_count"] = len(records or ())

    # ------------------------------------------------------------
    # What is handed over
    # ------------------------------------------------------------

    @api.model
    def _get_kinds(self):
        """Extension point: return the kinds of work, in the order of the dialog."""
        return ["customers", "leads", "activities", "stages"]

    def _find(self, kind):
        """Return the records of a kind that are the user's."""
        self.ensure_one()
        find = getattr(self._in_companies(), f"_find_{kind}")
        return find().with_env(self.env)

    def _get_user_domain(self, field="user_id"):
        return Domain(field, "=", self.from_user_id._origin.id)

    def _get_profile_domain(self, field="profile_id"):
        """Return the domain of the work with the chosen customers, if any."""
        chosen = self.profile_ids._origin
        return Domain(field, "in", chosen.ids) if chosen else Domain.TRUE

    def _find_customers(self):
        return (
            self.env["crm.lifecycle.profile"]
            .with_context(active_test=False)
            .search(
                self._get_user_domain()
                & self._get_profile_domain("id")
                & Domain("company_id", "in", self.company_ids._origin.ids)
            )
        )

    def _find_leads(self):
        domain = (
            self._get_user_domain()
            & Domain("won_status", "=", "pending")
            & Domain("company_id", "in", [False, *self.company_ids._origin.ids])
        )
        chosen = self.profile_ids._origin
        if chosen:
            domain &= Domain("id", "in", chosen.lead_id.ids) | Domain(
                "partner_id.commercial_partner_id", "in", chosen.partner_id.ids
            )
        return self.env["crm.lead"].search(domain)

    def _find_activities(self):
        """Return the planned activities with customers that the manager may write."""
        ids = list(self._get_activity_profiles())
        activities = self.env["mail.activity"].browse(ids)
        return activities._filtered_access("write")

    def _get_activity_profiles(self):
        """Return ``{activity id: profile}``.

        Activities on leads without a profile are included if the user leaves all of
        their companies.
        """
        user, companies = self.from_user_id._origin, self.company_ids._origin
        leaves = not user._get_lifecycle_companies() - companies
        chosen = self.profile_ids._origin
        Profile = self.env["crm.lifecycle.profile"]
        found = {}
        for activity_id, _user_id, profile_id in user._get_customer_activities():
            profile = Profile.browse(profile_id or ())
            if chosen:
                is_theirs = profile in chosen
            else:
                # sudo: only the company of the customer is read.
                company = profile.sudo().company_id
                is_theirs = company in companies if profile else leaves
            if is_theirs:
                found[activity_id] = profile
        return found

    def _find_stages(self):
        """Return the stages that name the user for their follow-ups."""
        Stage = self.env["crm.lifecycle.stage"]
        if self.profile_ids:
            return Stage
        return Stage.search(
            self._get_user_domain("follow_up_user_id")
            & Domain("follow_up_responsible", "=", "other")
            & Domain("company_id", "in", [False, *self.company_ids._origin.ids])
        )

    # ------------------------------------------------------------
    # The customer of a record decides who gets it
    # ------------------------------------------------------------

    def _get_customers_profiles(self, profiles):
        return {profile.id: profile for profile in profiles}

    def _get_leads_profiles(self, leads):
        """Return ``{lead id: profile}``, in the lead's company or the first one."""
        customers = leads.partner_id.commercial_partner_id
        found = {}
        for profile in (
            self.env["crm.lifecycle.profile"]
            .with_context(active_test=False)
            .search(
                (
                    Domain("partner_id", "in", customers.ids)
                    | Domain("lead_id", "in", leads.ids)
                )
                & Domain("company_id", "in", self.company_ids.ids),
                order="company_id desc",
            )
        ):
            for company in (profile.company_id.id, False):
                found[profile.partner_id or profile.lead_id, company] = profile
        return {
            lead.id: found.get(
                (lead.partner_id.commercial_partner_id or lead, lead.company_id.id),
                self.env["crm.lifecycle.profile"],
            )
            for lead in leads
        }

    def _get_activities_profiles(self, activities):
        return self._get_activity_profiles()

    def _get_stages_profiles(self, stages):
        return dict.fromkeys(stages.ids, self.env["crm.lifecycle.profile"])

    def _get_receivers(self, profiles):
        """Return ``{profile: user}``; the empty profile is for other work."""
        if self.target == "user":
            return dict.fromkeys(profiles, self.to_user_id)
        if self.target == "leader":
            return {
                profile: self._get_leader(profile.company_id or self.company_ids[:1])
                for profile in profiles
            }
        receivers = cycle(self.to_user_ids.sorted("id"))
        in_order = sorted(profiles, key=lambda profile: profile.id or 0)
        return dict(zip(in_order, receivers, strict=False))

    def _get_leader(self, company):
        """Return the leader of the user's team in a company, who works there."""
        user = self.from_user_id
        return user._get_lifecycle_leader(user, company).with_env(self.env)

    # ------------------------------------------------------------
    # Hand over
    # ------------------------------------------------------------

    def action_hand_over(self):
        """Hand the work over, in the background if there is much of it."""
        self._check_handover()
        count = sum(len(self._find(kind)) for kind in self._get_chosen_kinds())
        if count > SMALL_HANDOVER:
            return self.env["background.task"]._enqueue(
                self,
                "_task_hand_over",
                name=self.env._(
                    "Hand-over of the customers of %(user)s",
                    user=self.from_user_id.name,
                ),
                total=count,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self._in_companies()._hand_over(),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _task_hand_over(self, progress):
        """Do `action_hand_over` in the background."""
        handover = self.env["background.task"]._ensure_wizard(self)
        handover._check_handover()
        return {"outcome": handover._in_companies()._hand_over(progress)}

    def _in_companies(self):
        """Return the dialog with access to all its companies."""
        return self.with_context(allowed_company_ids=self.company_ids._origin.ids)

    def _get_chosen_kinds(self):
        return [kind for kind in self._get_kinds() if self[f"hand_{kind}"]]

    def _check_handover(self):
        """Raise if a receiver does not work in one of the companies."""
        self.ensure_one()
        for company in self.company_ids:
            company._check_lifecycle_user()
            users = self._get_company_receivers(company)
            if not users:
                raise UserError(
                    self.env._(
                        "Choose who gets the customers of %(user)s in %(company)s.",
                        user=self.from_user_id.name,
                        company=company.name,
                    )
                )
            for user in users:
                if user == self.from_user_id:
                    raise UserError(
                        self.env._(
                            "%(user)s can't hand customers over to themselves. Choose "
                            "another user.",
                            user=user.name,
                        )
                    )
                if company not in user._get_lifecycle_companies():
                    raise UserError(
                        self.env._(
                            "%(user)s does not work in %(company)s. Choose another "
                            "user, or leave out the company.",
                            user=user.name,
                            company=company.name,
                        )
                    )
        if not self._get_chosen_kinds():
            raise UserError(self.env._("Choose what to hand over."))

    def _get_company_receivers(self, company):
        return {
            "user": lambda: self.to_user_id,
            "leader": lambda: self._get_leader(company),
            "distribute": lambda: self.to_user_ids,
        }[self.target]()

    def _hand_over(self, progress=None):
        """Hand the work over in batches; return what was done, in words.

        All work with a customer goes to the same user.
        """
        work = {kind: self._find(kind) for kind in self._get_chosen_kinds()}
        profiles = {
            kind: getattr(self, f"_get_{kind}_profiles")(records)
            for kind, records in work.items()
        }
        receivers = self._get_receivers(
            {profiles[kind][id_] for kind in work for id_ in work[kind].ids}
        )
        counts, given = {}, {}
        for kind, records in work.items():
            groups = records.grouped(
                lambda record, kind=kind: receivers[profiles[kind][record.id]]
            )
            if progress:
                progress.begin(self._get_label(kind), len(records))
            for user, mine in groups.items():
                for ids in split_every(BATCH, mine.ids, list):
                    arguments = (getattr(self, f"_give_{kind}"), mine.browse(ids), user)
                    if progress:
                        progress.run_batch(*arguments)
                        progress.advance(len(ids))
                    else:
                        arguments[0](*arguments[1:])
                counts[kind] = counts.get(kind, 0) + len(mine)
                given.setdefault(user, {})[kind] = len(mine)
        for user, numbers in given.items():
            self._notify_receiver(user, numbers)
        return self._get_outcome(counts)

    def _give_customers(self, profiles, user):
        """Assign customers, and contacts of no other company's customer of the user."""
        contacts = self.env["res.partner"].search(
            self._get_user_domain()
            & Domain("commercial_partner_id", "in", profiles.partner_id.ids)
        )
        # sudo: customers of other companies keep the salesperson of their contact.
        elsewhere = (
            self.env["crm.lifecycle.profile"]
            .sudo()
            .search(
                self._get_user_domain()
                & Domain("partner_id", "in", profiles.partner_id.ids)
                & Domain("company_id", "not in", self.company_ids.ids)
            )
        )
        shared = elsewhere.partner_id
        contacts.filtered(
            lambda contact: contact.commercial_partner_id not in shared
        ).user_id = user
        self._filter_own(profiles).user_id = user

    def _give_leads(self, leads, user):
        leads = leads.with_context(mail_auto_subscribe_no_notify=True)
        self._filter_own(leads).user_id = user

    def _give_activities(self, activities, user):
        activities = activities.with_context(mail_activity_quick_update=True)
        self._filter_own(activities).user_id = user

    def _give_stages(self, stages, user):
        stages.follow_up_user_id = user

    def _filter_own(self, records):
        """Return the records that are still the user's."""
        return records.exists().filtered(
            lambda record: record.user_id == self.from_user_id
        )

    # ------------------------------------------------------------
    # Messages
    # ------------------------------------------------------------

    @api.model
    def _get_label(self, kind):
        return self._fields[f"hand_{kind}"]._description_string(self.env)

    def _get_outcome(self, counts):
        """Return the numbers of what was handed over, one line each."""
        if not counts:
            return self.env._("There was nothing to hand over.")
        return ", ".join(
            self.env._(
                "%(work)s: %(count)s", work=self._get_label(kind), count=counts[kind]
            )
            for kind in counts
        )

    def _notify_receiver(self, user, numbers):
        """Notify a user once of everything that they got."""
        if user == self.env.user:
            return
        mine = self.with_context(lang=user.lang)
        self.env["mail.thread"].message_notify(
            partner_ids=user.partner_id.ids,
            subject=mine.env._(
                "You got the customers of %(user)s", user=self.from_user_id.name
            ),
            body=mine._get_outcome(numbers),
        )
