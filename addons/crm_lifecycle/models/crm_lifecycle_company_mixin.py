from functools import partial

from odoo import api, models
from odoo.exceptions import AccessError

from .crm_lifecycle_reference_mixin import get_ids


class CrmLifecycleCompanyMixin(models.AbstractModel):
    """Configuration of one company, or of all: only its companies' users change it.

    A record without a company works in every company. It is created, changed and
    deleted only by users who are allowed in every active company. A record of a company
    is changed by users of that company, before the change and after it. A model without
    the field ``company_id`` is shared by all companies. Reading is left to the record
    rules.
    """

    _name = "crm.lifecycle.company.mixin"
    _description = "Configuration of a Company or of All"

    # Fields that decide about the company; a change of them is checked afterwards too.
    _company_fields = frozenset({"company_id"})

    @api.model
    def default_get(self, fields):
        defaults = super().default_get(fields)
        self._check_new_company(defaults)
        return defaults

    def onchange(self, values, field_names, fields_spec):
        """Compute nothing of a company that is not the user's, in no form."""
        self._check_new_company(values)
        return super().onchange(values, field_names, fields_spec)

    def _check_new_company(self, values):
        """Raise where values that are not saved name a company of others."""
        ids = get_ids(values.get("company_id") or False)
        if ids and any(self._ids):
            ids -= set(self.sudo().company_id.ids)  # to compare ids
        self.env["res.company"].browse(ids)._check_lifecycle_user()

    def write(self, vals):
        """Refuse to give a record to a company that is not the user's."""
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
        """Return the records of all companies, or of others than the user's."""
        user = self.env.user
        # The company decides, also about records that the user does not see.
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
        """Whether the user is allowed in every active company."""
        others = [("id", "not in", self.env.user._get_company_ids())]
        # Also companies that the user does not see.
        return not self.env["res.company"].sudo().search_count(others, limit=1)

    def _make_company_error(self, records):
        """Return the error about the first of some records that are not the user's."""
        record = records[0].sudo()  # its company, and its name if it is of all
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
