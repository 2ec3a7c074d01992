from odoo import models
from odoo.exceptions import AccessError


class CrmLoyaltyCompanyMixin(models.AbstractModel):
    """Configuration of one company or of all, which only its users may change.

    A record without a company applies to all companies. Only users with access to
    every active company may create, change or delete it. Users of a company may change
    its records; on a change of the company, they need access to both. Record rules
    decide about reading. The lifecycle addons have a mixin of their own that does the
    same; neither depends on the other.
    """

    _name = "crm.loyalty.company.mixin"
    _description = "Configuration of a Company or of All"

    # Fields that decide the company. If they change, access is checked again after it.
    _company_fields = frozenset({"company_id"})

    def write(self, vals):
        """Check access again if the record moves to another company."""
        result = super().write(vals)
        if vals.keys() & self._company_fields:
            self.check_access("write")
        return result

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if operation == "read" or self.env.su or not any(self._ids):
            return refused
        rest = self - refused[0] if refused else self
        foreign = filter_foreign_companies(rest)
        if not foreign:
            return refused
        if refused:
            return refused[0] | foreign, refused[1]
        return foreign, lambda: make_company_error(foreign)


def filter_foreign_companies(records):
    """Return the records that the user may not change.

    Those are records of companies that the user has no access to, and records without
    a company, unless the user has access to every active company.
    """
    env = records.env
    allowed = env.user._get_company_ids()
    # The company decides, also for records that the user can't read.
    known = records.sudo()
    shared = known.filtered(lambda record: not record.company_id)
    foreign = (known - shared).filtered(
        lambda record: record.company_id.id not in allowed
    )
    # Search companies that the user can't read, too.
    Company = env["res.company"].sudo()
    if shared and Company.search_count([("id", "not in", allowed)], limit=1):
        foreign |= shared
    return records.browse(foreign.ids)


def make_company_error(records):
    """Return the AccessError of the first of records that the user can't change."""
    env = records.env
    record = records[0].sudo()  # to read its company, or its name
    if record.company_id:
        return AccessError(
            env._(
                "This %(model)s belongs to a company that you don't work in. "
                "Choose one of your companies.",
                model=record.env["ir.model"]._get(records._name).name,
            )
        )
    return AccessError(
        env._(
            "“%(record)s” is for all companies, and you don't work in each of them. "
            "Choose your company, or ask a manager of all companies.",
            record=record.display_name,
        )
    )
