from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools.mail import email_normalize_all

from ..engine.responsibles import FALLBACK_ROLES, LEADER, OWNER, SALESPERSON


class Responsible(NamedTuple):
    """Responsible user of an activity, and messages about the choice.

    ``error`` says why there is no user, ``warning`` for which role the user stands in.
    """

    user: models.BaseModel
    error: str | bool = False
    warning: str | bool = False


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    playbook_log_ids = fields.One2many(
        comodel_name="crm.lifecycle.playbook.log",
        inverse_name="profile_id",
        string="Playbook log",
        readonly=True,
    )
    failed_step_count = fields.Integer(
        string="Failed Steps", compute="_compute_failed_step_count"
    )

    def _compute_failed_step_count(self):
        self.env["crm.lifecycle.playbook.log"]._count_failed(self, "profile_id")

    def action_open_failed_steps(self):
        """Open the failed steps of the customer's playbooks."""
        return self.env["crm.lifecycle.playbook.log"]._open_failed(
            [("profile_id", "in", self.ids)]
        )

    def _merge_playbook_logs(self, sources):
        """Transfer the steps of other profiles to this one, like their moves."""
        self.env["crm.lifecycle.playbook.log"].sudo().search(  # sudo: part of a merge
            [("profile_id", "in", (sources - self).ids)]
        ).write({"profile_id": self.id})

    def _mail_get_primary_email(self):
        """Use the email address of the lead if there is no contact yet."""
        return {
            profile.id: profile.partner_id.email or profile.lead_id.email_from
            for profile in self
        }

    @api.model
    def _get_blacklisted(self, addresses):
        """Return the normalized addresses that are on the email blacklist."""
        normalized = [
            email for text in addresses for email in email_normalize_all(text or "")
        ]
        if not normalized:
            return set()
        # sudo: a user who may send emails may use the blacklist.
        Blacklist = self.env["mail.blacklist"].sudo()
        return set(Blacklist.search([("email", "in", normalized)]).mapped("email"))

    # ------------------------------------------------------------
    # Responsible users
    # ------------------------------------------------------------

    def _get_stand_ins(self, leaving):
        """Return ``{profile id: user}`` of who stands in for users who leave."""
        teams = self._get_lead_teams()
        return {
            profile.id: profile._find_responsible(SALESPERSON, leaving, teams).user
            for profile in self
        }

    def _find_responsible(self, role, leaving=None, lead_teams=None):
        """Return the `Responsible` of a role for an activity with the customer.

        Archived users, users without access to the company, and ``leaving`` users
        are skipped.

        :param lead_teams: the result of `_get_lead_teams` for several profiles
        """
        self.ensure_one()
        for candidate in FALLBACK_ROLES[role]:
            user = self._get_responsible_user(candidate, lead_teams)
            if user and self._can_act(user) and user not in (leaving or ()):
                warning = candidate != role and self._format_fallback_warning(
                    role, user
                )
                return Responsible(user, warning=warning)
        return Responsible(
            self.env["res.users"],
            error=self.env._(
                "The customer has no salesperson, account owner or team leader who "
                "could do it."
            ),
        )

    def _get_responsible_user(self, role, lead_teams=None):
        """Return the user of a role, possibly empty."""
        return {
            SALESPERSON: lambda: self.user_id,
            OWNER: self._get_account_owner,
            LEADER: lambda: self._get_sales_team(lead_teams).user_id,
        }[role]()

    def _get_account_owner(self):
        """Return the salesperson of the contact, or of the nearest parent with one."""
        partner = self.partner_id
        while partner and not partner.user_id:
            partner = partner.parent_id
        return partner.user_id

    def _get_sales_team(self, lead_teams=None):
        """Return the sales team of the customer.

        It is the salesperson's team; without one, the team of the newest lead.
        """
        for user in (self.user_id, self._get_account_owner()):
            teams = user._get_lifecycle_teams(self.company_id)
            if teams:
                return teams[0]
        if lead_teams is None:
            lead_teams = self._get_lead_teams()
        return lead_teams[self.id]

    def _get_lead_teams(self):
        """Return ``{profile id: team}`` of the newest lead whose team has a leader.

        The profile of a lead has the team of the lead.
        """
        newest = {}
        for lead in self.env["crm.lead"].search(
            [
                ("partner_id.commercial_partner_id", "in", self.partner_id.ids),
                ("company_id", "in", [False, *self.company_id.ids]),
                ("team_id.user_id", "!=", False),
            ],
            order="id",
        ):
            newest[lead.partner_id.commercial_partner_id, lead.company_id] = lead
        none = self.env["crm.lead"]
        teams = {}
        for profile in self:
            lead = profile.lead_id or max(
                (
                    newest.get((profile.partner_id, company), none)
                    for company in (profile.company_id, profile.company_id.browse())
                ),
                key=lambda lead: lead.id or 0,
            )
            teams[profile.id] = lead.team_id
        return teams

    def _can_act(self, user):
        """Return whether a user is internal, active and allowed in the company."""
        return user.active and not user.share and self.company_id in user.company_ids

    def _find_fixed_responsible(self, user):
        """Return the `Responsible` for an activity of the user that the stage names.

        If the user has left, the customer's salesperson stands in.
        """
        if not user or self._can_act(user):
            return Responsible(user)
        found = self._find_responsible(SALESPERSON)
        if not found.user:
            return found
        return Responsible(
            found.user,
            warning=self.env._(
                "%(user)s stands in: %(other)s is archived, or does not work in "
                "%(company)s.",
                user=found.user.name,
                other=user.name,
                company=self.company_id.name,
            ),
        )

    def _format_fallback_warning(self, role, user):
        """Return the warning that a user stands in for another role."""
        return {
            SALESPERSON: self.env._(
                "%(user)s stands in: the customer has no active salesperson.",
                user=user.name,
            ),
            OWNER: self.env._(
                "%(user)s stands in: the contact has no active salesperson.",
                user=user.name,
            ),
            LEADER: self.env._(
                "%(user)s stands in: the team has no active leader.", user=user.name
            ),
        }[role]
