from odoo import api, fields, models
from odoo.fields import Command, Domain
from odoo.tools import SQL

from ..access import as_reader, can_read, get_read_domain
from ..fields import Date

GROUP = "sales_team.group_sale_salesman"


def profile_field(field_class, name, **kwargs):
    """Return a field that shows ``name`` of the subject's profile.

    It can be read, searched, sorted and grouped like a stored field, but only the
    profile stores it, so runs write no row of the subject.
    """
    return field_class(
        related=f"lifecycle_profile_id.{name}", groups=GROUP, readonly=True, **kwargs
    )


class CrmLifecycleProfileMixin(models.AbstractModel):
    """Profile fields of contacts and leads in the current company.

    The model defines how its rows join profiles (`_join_lifecycle_profile`) and which
    rows some profiles belong to (`_get_lifecycle_subject_condition`); everything else
    follows. Only profiles that the user may see are shown.
    """

    _name = "crm.lifecycle.profile.mixin"
    _description = "Subject of a Lifecycle"

    lifecycle_profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        compute="_compute_lifecycle_profile_id",
        search="_search_lifecycle_profile_id",
        compute_sudo=False,
        groups=GROUP,
    )
    lifecycle_stage_id = profile_field(
        fields.Many2one, "stage_id", string="Lifecycle Stage"
    )
    lifecycle_stage_date = profile_field(
        fields.Date, "stage_date", string="In Lifecycle Stage since"
    )
    lifecycle_category = profile_field(
        fields.Selection, "stage_category", string="Lifecycle Category"
    )
    lifecycle_follow_up_date = profile_field(
        fields.Date, "follow_up_date", string="Lifecycle Follow-up"
    )
    lifecycle_last_contact_date = profile_field(fields.Date, "last_contact_date")
    lifecycle_first_seen_date = profile_field(fields.Date, "first_seen_date")
    lifecycle_objection_date = Date(
        string="Objects to Profiling Since",
        copy=False,
        groups="sales_team.group_sale_salesman",
        help="The day on which the customer objected to being sorted by rules. As long "
        "as it is there, no rule moves them in any company, and no tag or score is "
        "kept on them.",
    )

    def write(self, vals):
        """Clear the tags and request a review when the objection changes."""
        result = super().write(vals)
        if "lifecycle_objection_date" in vals:
            # sudo: applies in all companies, regardless of the user's access.
            profiles = self.env["crm.lifecycle.profile"].sudo()
            profiles = profiles.with_context(active_test=False).search(
                Domain("partner_id", "in", self.ids)
                if self._name == "res.partner"
                else Domain("lead_id", "in", self.ids)
            )
            profiles.write({"tag_ids": [Command.clear()]})
            profiles._mark_pending(review=True)
        return result

    @api.depends_context("uid", "company")
    def _compute_lifecycle_profile_id(self):
        profiles = self._get_lifecycle_profiles(self._get_visible_profiles())
        field = self._fields["lifecycle_profile_id"]
        for record in self:
            profile = record.lifecycle_profile_id = profiles.get(record)
            # Related fields read with other rights; the result is the same.
            field._update_cache(
                record.sudo(not self.env.su), profile.id if profile else None
            )

    @api.model
    def _get_profile_field_names(self):
        """Return the profile fields that the subject shows, to fetch them at once."""
        paths = (getattr(field, "related", None) for field in self._fields.values())
        return [
            path.split(".")[1]
            for path in paths
            if path and path.startswith("lifecycle_profile_id.")
        ]

    @api.model
    def _get_visible_profiles(self):
        """Return the profile model with the rights of the user, never more.

        A related field is computed and searched with more rights than the user has; its
        values and search results must not depend on that.
        """
        return as_reader(self.env["crm.lifecycle.profile"])

    @api.model
    def _get_visible_domain(self):
        """Return the domain of the visible profiles in the current company."""
        return Domain("company_id", "=", self.env.company.id) & get_read_domain(
            self._get_visible_profiles()
        )

    def _search_lifecycle_profile_id(self, operator, value):
        if operator not in ("in", "any", "any!"):
            return NotImplemented
        if operator == "in":
            ids = [item for item in value if item]
            domain = Domain("id", "in", ids)
            if False in value or None in value:
                return self._get_subjects_of(Domain("id", "in", ids)) | ~(
                    self._get_subjects_of(Domain.TRUE)
                )
        elif isinstance(value, Domain):
            domain = value
        else:
            return NotImplemented
        return self._get_subjects_of(domain)

    @api.model
    def _get_subjects_of(self, domain):
        """Return the domain of the subjects with a matching profile.

        The domain of the caller is searched with the user's own rights, on the profiles
        and on all models that its paths lead to.
        """
        Profile = self._get_visible_profiles().with_context(active_test=False)
        if not can_read(Profile):
            return Domain.FALSE
        domain &= Domain("company_id", "=", self.env.company.id)

        def select(column):
            profiles = Profile._search(domain & Domain(column, "!=", False))
            return profiles.select(SQL.identifier(Profile._table, column))

        def to_sql(model, alias, query):
            return model._get_lifecycle_subject_condition(alias, select)

        def predicate(record):
            profile = Profile.browse(record.lifecycle_profile_id.id)
            return bool(profile.filtered_domain(domain))

        return Domain.custom(to_sql=to_sql, predicate=predicate)

    def _field_to_sql(self, alias, field_expr, query=None):
        """Join the profile once, for all of its columns."""
        name, _dot, more = field_expr.partition(".")
        field = self._fields.get(name)
        path = getattr(field, "related", None) or ""
        if name == "lifecycle_profile_id":
            column = "id"
        elif path.startswith("lifecycle_profile_id.") and path.count(".") == 1:
            column = path.partition(".")[2]
        else:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(field, "read")
        column = f"{column}.{more}" if more else column
        # The join only has visible profiles; access to the columns is checked here.
        Profile = self._get_visible_profiles()
        values = [
            Profile._field_to_sql(profile_alias, column, query)
            for profile_alias in self._join_lifecycle_profile(alias, query)
        ]
        if len(values) == 1:
            return values[0]
        return SQL("COALESCE(%s)", SQL(", ").join(values))

    def _join_one_lifecycle_profile(self, alias, name, query, condition):
        """Join the visible profiles that match ``condition(alias)``."""
        profile_alias = query.make_alias(alias, name)
        if profile_alias not in query._joins:
            # sudo: record rules may use fields that the user may not read.
            Profile = self.env["crm.lifecycle.profile"].sudo()
            visible = self._get_visible_domain().optimize_full(Profile)
            query.add_join(
                "LEFT JOIN",
                profile_alias,
                Profile._table,
                SQL(
                    "%s AND %s",
                    condition(SQL.identifier(profile_alias)),
                    visible._to_sql(Profile, profile_alias, query),
                ),
            )
        return profile_alias

    # ------------------------------------------------------------
    # To be implemented by each subject model
    # ------------------------------------------------------------

    def _get_lifecycle_profiles(self, Profile):
        """Return ``{record: profile}`` in the current company, in one search."""
        raise NotImplementedError

    def _join_lifecycle_profile(self, alias, query):
        """Join profiles to the rows of ``alias``; return the aliases of the joins.

        A row has at most one profile in each join; the first one found counts.
        """
        raise NotImplementedError

    def _get_lifecycle_subject_condition(self, alias, select):
        """Return the SQL condition that a row of ``alias`` has one of some profiles.

        ``select(column)`` is the subquery of a column of these profiles, without empty
        values.
        """
        raise NotImplementedError

    def action_open_lifecycle_profile(self):
        """Open the profile of this contact or lead."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle.profile",
            "res_id": self.lifecycle_profile_id.id,
            "view_mode": "form",
        }
