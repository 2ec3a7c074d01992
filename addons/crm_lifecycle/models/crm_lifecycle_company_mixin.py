from functools import partial

from odoo import api, models
from odoo.exceptions import AccessError

from .crm_lifecycle_reference_mixin import get_ids


class CrmLifecycleCompanyMixin(models.AbstractModel):
    """Configuration of one company, or of all: only users of its companies change it.

    A record without a company applies to every company. Only users who are allowed in
    every active company may create, change or delete it. A record of a company may only
    be changed by users of that company, both before and after the change. A model
    without the field ``company_id`` is shared by all companies. Record rules control
    reading.
    """

    _name = "crm.lifecycle.company.mixin"
    _description = "Configuration of a Company or of All"

    # Fields that determine the company: access is checked again after they change.
    _company_fields = frozenset({"company_id"})

    @api.model
    def default_get(self, fields):
        defaults = super().default_get(fields)
        self._check_new_company(defaults)
        return defaults

    def onchange(self, values, field_names, fields_spec):
        """Refuse to compute values for a company that the user does not belong to."""
        self._check_new_company(values)
        return super().onchange(values, field_names, fields_spec)

    def _check_new_company(self, values):
        """Raise if unsaved values name a company that the user does not belong to."""
        ids = get_ids(values.get("company_id") or False)
        if ids and any(self._ids):
            ids -= set(self.sudo().company_id.ids)  # sudo: only compares ids
        self.env["res.company"].browse(ids)._check_lifecycle_user()

    def write(self, vals):
        """Refuse to move a record to a company that the user does not belong to."""
        result = super().write(vals)
        if vals.keys() & self._company_fields:
            self.check_access("write")
        return result

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if operation == "read" or self.env.su or not any(self._ids):
            return refused
        rest = self - refused[0] if refused else self
        foreign = rest._filter_foreign_companies()
        if not foreign:
            return refused
        if refused:
            return refused[0] | foreign, refused[1]
        return foreign, partial(self._make_company_error, foreign)

    def _filter_foreign_companies(self):
        """Return the records that the user may not change because of their company.

        These are records of other companies, and records of all companies unless the
        user is allowed in every company.
        """
        user = self.env.user
        # sudo: the company decides, even for records that the user can't read.
        records = self.sudo()
        shared = records
        foreign = records.browse()
        if "company_id" in self._fields:
            shared = records.filtered(lambda record: not record.company_id)
            allowed = set(user._get_company_ids())
            foreign = (records - shared).filtered(
                lambda record: record.company_id.id not in allowed
            )
        if shared and not self._is_user_in_every_company():
            foreign |= shared
        return self.browse(foreign.ids)

    @api.model
    def _is_user_in_every_company(self):
        """Return whether the user is allowed in every active company."""
        others = [("id", "not in", self.env.user._get_company_ids())]
        # sudo: includes companies that the user can't read.
        return not self.env["res.company"].sudo().search_count(others, limit=1)

    def _make_company_error(self, records):
        """Return the access error for the first of some records."""
        record = records[0].sudo()  # sudo: for the message
        company = "company_id" in self._fields and record.company_id
        if company:
            return AccessError(
                self.env._(
                    "This %(model)s belongs to a company that you don't work in. "
                    "Choose one of your companies.",
                    model=record.env["ir.model"]._get(self._name).name,
                )
            )
        return AccessError(
            self.env._(
                "“%(record)s” is for all companies, and you don't work in each of "
                "them. Choose your company, or ask a manager of all companies.",
                record=record.display_name,
            )
        )
