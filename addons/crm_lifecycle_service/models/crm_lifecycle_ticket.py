from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..ticket_kind import get_ticket_company


class CrmLifecycleTicket(models.AbstractModel):
    """Mixin of the documents that serve as service tickets.

    Inherit it before the document's own model, so that its overrides run around those
    of the application: ``_inherit = ["crm.lifecycle.ticket", "project.task"]``. The
    `TicketKind` of the model has the rest.
    """

    _name = "crm.lifecycle.ticket"
    _inherit = ["crm.lifecycle.customer.mixin"]
    _description = "Service Ticket of a Customer"

    # Fields that decide whether the document is closed.
    _lifecycle_closing_fields = {"stage_id", "active"}

    # Service staff see the stage of the customer without access rights on profiles, but
    # no amounts. Portal users, who see their own tickets, don't see it.
    lifecycle_stage = fields.Char(
        string="Stage of the Customer",
        compute="_compute_lifecycle_stage",
        compute_sudo=True,
        groups="base.group_user",
    )
    lifecycle_category = fields.Selection(
        selection="_selection_lifecycle_category",
        compute="_compute_lifecycle_stage",
        compute_sudo=True,
        search="_search_lifecycle_category",
        groups="base.group_user",
    )
    lifecycle_health = fields.Selection(
        selection="_selection_lifecycle_health",
        string="Customer Health",
        compute="_compute_lifecycle_stage",
        compute_sudo=True,
        groups="base.group_user",
        help="At risk or Watch: a sign of the customer tells so, and the worst one "
        "decides. Good: there is none.",
    )
    lifecycle_health_reasons = fields.Text(
        string="Why",
        compute="_compute_lifecycle_stage",
        compute_sudo=True,
        groups="base.group_user",
    )
    lifecycle_tier = fields.Char(
        string="Loyalty Tier",
        compute="_compute_lifecycle_stage",
        compute_sudo=True,
        groups="base.group_user",
    )
    lifecycle_guidance = fields.Html(
        string="What to do in this stage",
        compute="_compute_lifecycle_stage",
        compute_sudo=True,
        groups="base.group_user",
    )
    lifecycle_follow_up_date = fields.Date(
        string="Lifecycle Follow-up",
        compute="_compute_lifecycle_stage",
        compute_sudo=True,
        groups="base.group_user",
    )
    lifecycle_open_tickets = fields.Integer(
        string="Open Tickets of the Customer",
        compute="_compute_lifecycle_stage",
        compute_sudo=True,
        groups="base.group_user",
    )
    lifecycle_rule_id = fields.Many2one(
        comodel_name="crm.lifecycle.ticket.rule",
        string="Assigned by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_user",
        help="The rule that set the priority and who works on it when the ticket was "
        "made.",
    )

    @api.model
    def _selection_lifecycle_category(self):
        field = self.env["crm.lifecycle.stage"]._fields["category"]
        return field._description_selection(self.env)

    @api.model
    def _selection_lifecycle_health(self):
        field = self.env["crm.lifecycle.profile"]._fields["health"]
        return field._description_selection(self.env)

    # ------------------------------------------------------------
    # Stage of the customer
    # ------------------------------------------------------------

    @api.depends("partner_id", "company_id")
    @api.depends_context("lang", "uid")
    def _compute_lifecycle_stage(self):
        """Show the customer's stage to users who may read the ticket.

        Only in companies of the user: a ticket that is new, or has no company, can name
        a customer of any company.
        """
        # `sudo()`: reads only the fields listed here, which have no amounts.
        Profile = self.env["crm.lifecycle.profile"].sudo()
        profiles = self._get_lifecycle_profiles(Profile)
        has_tier = "loyalty_tier_id" in Profile._fields
        user = self.env.user
        # The server may compute this for users who are not employees. They see none of
        # it.
        is_limited = not (user._is_superuser() or user.share)
        companies = user._get_company_ids() if is_limited else ()
        for ticket in self:
            profile = profiles.get(ticket, Profile)
            if is_limited and profile.company_id.id not in companies:
                profile = Profile
            stage = profile.stage_id.with_context(lang=self.env.lang)
            ticket.lifecycle_stage = stage.name
            ticket.lifecycle_category = stage.category
            ticket.lifecycle_guidance = stage.guidance
            ticket.lifecycle_health = profile.health
            ticket.lifecycle_health_reasons = profile.health_reasons
            ticket.lifecycle_tier = has_tier and profile.loyalty_tier_id.name
            ticket.lifecycle_follow_up_date = profile.follow_up_date
            ticket.lifecycle_open_tickets = profile.ticket_open_count

    def _get_lifecycle_owner(self):
        """Return the customer of the ticket, and the company where it counts."""
        self.ensure_one()
        company = (
            self.company_id
            or self.partner_id.company_id
            or self.env["res.company"].search([], order="id", limit=1)
        )
        return self.partner_id.commercial_partner_id, company

    def _search_lifecycle_category(self, operator, value):
        """Find the tickets of customers in stages of some categories."""
        if operator != "in":
            return NotImplemented
        # `sudo()` as for `lifecycle_stage`: all users who may read the ticket see
        # categories.
        Profile = self.env["crm.lifecycle.profile"].sudo()
        return self._get_documents_of(
            Profile, Domain("stage_id.category", "in", list(value))
        )

    @api.model
    def _get_lifecycle_company_domain(self, company):
        domain = Domain("partner_id.company_id", "=", company.id)
        if company == self.env["res.company"].search([], order="id", limit=1):
            domain |= Domain("partner_id.company_id", "=", False)
        return Domain("company_id", "=", company.id) | (
            Domain("company_id", "=", False) & domain
        )

    # ------------------------------------------------------------
    # Changes of a ticket
    # ------------------------------------------------------------

    @api.model
    def _get_owners_sql(self):
        return SQL("SELECT %s, o.partner_id, NULL::int", get_ticket_company(SQL("o")))

    @api.model_create_multi
    def create(self, vals_list):
        """Queue the customers of new tickets, and apply the assignment rules."""
        documents = super().create(vals_list)
        tickets = documents._filter_lifecycle_tickets()
        tickets._log_lifecycle_state()
        tickets._mark_lifecycle_pending()
        tickets._apply_lifecycle_rules()
        return documents

    def write(self, vals):
        """Log tickets that are closed, reopened, or become tickets."""
        changes_state = vals.keys() & self._lifecycle_closing_fields
        result = super().write(vals)
        if changes_state or vals.keys() & self._lifecycle_owner_fields:
            tickets = self._filter_lifecycle_tickets()
            tickets._log_lifecycle_state()
            if changes_state:
                tickets._mark_lifecycle_pending()
        return result

    def unlink(self):
        tickets = self._filter_lifecycle_tickets()
        tickets._mark_lifecycle_pending()
        self.env["crm.lifecycle.ticket.log"]._delete_rows(tickets)
        return super().unlink()

    @api.model
    def _get_lifecycle_ticket_kind(self):
        """Return the `TicketKind` of the model."""
        return self.env["crm.lifecycle.source.ticket"]._get_ticket_kind(self._name)

    def _filter_lifecycle_tickets(self):
        """Return the documents that are tickets."""
        # `sudo()` also queues tickets that the user may not read.
        return self.sudo().filtered_domain(self._get_lifecycle_ticket_kind().domain)

    def _log_lifecycle_state(self):
        """Log which of the tickets were just closed or reopened."""
        if self:
            self.env["crm.lifecycle.ticket.log"]._log_changes(
                self._get_lifecycle_ticket_kind(), self, fields.Datetime.now()
            )

    def _mark_lifecycle_pending(self):
        """Add the customers of the tickets to the work list, and trigger a run."""
        Pending = self.env["crm.lifecycle.pending"]
        # `sudo()` also queues customers that the user may not read.
        for company, tickets in self.sudo().grouped("company_id").items():
            Pending._mark_pending(company, partners=tickets.partner_id)
        if self:
            Pending._trigger_run()

    # ------------------------------------------------------------
    # Assignment
    # ------------------------------------------------------------

    def _apply_lifecycle_rules(self):
        """Assign each new ticket by the first rule that applies to its customer."""
        Rule = self.env["crm.lifecycle.ticket.rule"]
        for rule, tickets in Rule._match_tickets(self).items():
            for ticket in tickets:
                values = ticket._prepare_lifecycle_rule_values(rule)
                ticket.write({**values, "lifecycle_rule_id": rule.id})
                ticket._message_log(body=rule._explain(ticket))

    def _prepare_lifecycle_rule_values(self, rule):
        """Extension point: return the values that a rule sets on this ticket.

        The priority is raised, never lowered.
        """
        self.ensure_one()
        if rule.priority and (self.priority or "0") < rule.priority:
            return {"priority": rule.priority}
        return {}
