from odoo import api, fields, models
from odoo.tools import SQL


class ResUsers(models.Model):
    """A user who leaves: the work with customers goes to the stand-in.

    Customers stay with their salesperson until they are handed over
    (`crm.lifecycle.handover`). Until then the leader of the team sees them.

    The company of a salesperson is that of their leads without a company.
    """

    _name = "res.users"
    _inherit = ["crm.lifecycle.owner.mixin", "res.users"]

    _lifecycle_owner_fields = frozenset({"company_id"})

    lifecycle_represented_ids = fields.Many2many(
        comodel_name="res.users",
        string="Stands in for",
        compute="_compute_lifecycle_represented_ids",
        compute_sudo=True,
        context={"active_test": False},
        groups="sales_team.group_sale_salesman",
        help="Archived members of the teams that the user leads.",
    )

    def _compute_lifecycle_represented_ids(self):
        members = (
            self.env["crm.team.member"]
            .with_context(active_test=False)
            .search(
                [
                    ("crm_team_id.user_id", "in", self.ids),
                    ("user_id.active", "=", False),
                ]
            )
        )
        for user in self:
            user.lifecycle_represented_ids = members.user_id.filtered(
                lambda member, user=user: user in member._get_lifecycle_teams().user_id
            )

    def _get_lifecycle_teams(self, company=None):
        """Return the sales teams of the user, of a company and of all companies.

        Archiving a user archives the memberships too: a user who has left has the team
        whose membership ended last.
        """
        # sudo: names and leaders of teams are not confidential.
        members = self.sudo().with_context(active_test=False).crm_team_member_ids
        if company:
            members = members.filtered(
                lambda member: (
                    member.crm_team_id.company_id in (company.browse(), company)
                )
            )
        teams = self.env["crm.team"].sudo()
        for user, mine in members.grouped("user_id").items():
            if user.active:
                teams |= mine.filtered("active").crm_team_id
            else:
                last = min(
                    mine, key=lambda m: (not m.active, -m.write_date.timestamp(), m.id)
                )
                teams |= last.crm_team_id
        return teams

    # ------------------------------------------------------------
    # Leaving
    # ------------------------------------------------------------

    def action_archive(self):
        """Hand work over first: Odoo deletes the activities of archived users."""
        self._hand_work_to_stand_ins()
        return super().action_archive()

    def write(self, vals):
        """Hand work over in the companies in which users can't work any longer."""
        before = {user: user._get_lifecycle_companies() for user in self}
        result = super().write(vals)
        left = {}
        for user, companies in before.items():
            after = user._get_lifecycle_companies()
            if after != companies:
                self.invalidate_model(["lifecycle_represented_ids"])
            if lost := companies - after:
                left.setdefault(lost, self.browse())
                left[lost] |= user
        for companies, users in left.items():
            users._hand_work_to_stand_ins(companies)
        return result

    def unlink(self):
        """Hand work over first: the activities of users are deleted with them.

        Mark the customers of the leads that lose their salesperson.
        """
        self._hand_work_to_stand_ins()
        # sudo: includes leads that the user may not read.
        leads = self.env["crm.lead"].sudo().with_context(active_test=False)
        leads = leads.search([("user_id", "in", self.ids), ("company_id", "=", False)])
        self.env["crm.lifecycle.pending"]._mark_pending(
            None, partners=leads.partner_id, leads=leads
        )
        return super().unlink()

    def _get_lifecycle_companies(self):
        """Return the companies in which the user works."""
        user = self.sudo()  # sudo: compares before and after, shows nothing
        works = user.active and not user.share
        return user.company_ids if works else user.company_ids.browse()

    def _hand_work_to_stand_ins(self, companies=None):
        """Give the work of leaving users to the stand-in of each customer.

        An activity without a stand-in stays on its document, unassigned.
        Extension point: addons with other work of users extend it.

        :param companies: only in these companies; all if empty
        """
        rows = self._get_customer_activities(companies)
        # sudo: who may archive a user may not see all customers.
        Profile = self.env["crm.lifecycle.profile"].sudo()
        Activity = self.env["mail.activity"].sudo()
        profiles = Profile.browse({row[2] for row in rows if row[2]})
        stand_ins = profiles._get_stand_ins(leaving=self)
        leaders = {user.id: user._get_lifecycle_leader(leaving=self) for user in self}
        found = {}
        for activity_id, user_id, profile_id in rows:
            stand_in = stand_ins[profile_id] if profile_id else leaders[user_id]
            found.setdefault(stand_in, []).append(activity_id)
        for stand_in, ids in found.items():
            Activity.browse(ids).with_context(mail_activity_quick_update=True).write(
                {"user_id": stand_in.id}
            )

    def _get_lifecycle_leader(self, leaving, company=None):
        """Return the leader of the user's team who still works, possibly empty.

        :param leaving: users who leave at the same time
        :param company: the team is of this company, and the leader works there
        """
        leaders = self._get_lifecycle_teams(company).user_id - leaving
        return leaders.filtered(
            lambda user: (company or user.company_ids) & user._get_lifecycle_companies()
        )[:1]

    def _get_customer_activities(self, companies=None):
        """Return the planned activities of the users on documents of customers.

        :return: ``[(activity id, user id, profile id or None)]``; an activity without
            a profile, such as one on a new lead, belongs to no company
        """
        if not self:
            return []
        self.env.flush_all()
        types = self.env["crm.lifecycle.source.contact"]._get_document_types()
        branches = [
            SQL(
                """
                SELECT a.id, a.user_id, p.id AS profile_id, p.company_id,
                       p.user_id IS NOT DISTINCT FROM a.user_id AS is_own
                  FROM mail_activity AS a
                  JOIN (%s) AS d ON d.res_id = a.res_id
             LEFT JOIN res_partner AS c ON c.id = d.partner_id
             LEFT JOIN crm_lifecycle_profile AS p
                    ON (p.partner_id = c.commercial_partner_id
                        OR p.lead_id = d.lead_id)
                   AND p.company_id = COALESCE(d.company_id, p.company_id)
                 WHERE a.active AND a.res_model = %s AND a.user_id = ANY(%s)
                """,
                document_type.subjects(),
                document_type.model,
                self.ids,
            )
            for document_type in types
        ]
        in_company = SQL("TRUE")
        if companies:
            in_company = SQL("company_id = ANY(%s)", companies.ids)
        return self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (id) id, user_id, profile_id
                  FROM (%s) AS activity
                 WHERE %s
                 ORDER BY id, is_own DESC, profile_id
                """,
                SQL(" UNION ALL ").join(branches),
                in_company,
            )
        )

    # ------------------------------------------------------------
    # Owner of leads
    # ------------------------------------------------------------

    @api.model
    def _get_owners_sql(self):
        """Return the customers of the leads without a company."""
        return SQL(
            """
            SELECT o.company_id, l.partner_id,
                   CASE WHEN l.partner_id IS NULL THEN l.id END
              FROM crm_lead AS l
             WHERE l.user_id = o.id AND l.company_id IS NULL
            """
        )
