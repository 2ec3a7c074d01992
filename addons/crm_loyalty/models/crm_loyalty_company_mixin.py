from odoo import models
from odoo.exceptions import AccessError


class CrmLoyaltyCompanyMixin(models.AbstractModel):
    """Configuration of one company, or of all: only its companies' users change it.

    A record without a company works in every company. It is created, changed and
    deleted only by users who are allowed in every active company. A record of a company
    is changed by users of that company, before the change and after it. Reading is left
    to the record rules. Addons of lifecycles have the same for their configuration;
    neither depends on the other.
    """

    _name = "crm.loyalty.company.mixin"
    _description = "Configuration of a Company or of All"

    # Fields that decide about the company; a change of them is checked afterwards too.
    _company_fields = frozenset({"company_id"})

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
        foreign = filter_foreign_companies(rest)
        if not foreign:
            return refused
        if refused:
            return refused[0] | foreign, refused[1]
        return foreign, lambda: make_company_error(foreign)


def filter_foreign_companies(records):
    """Return the records of all companies, or of others than the user's.

    Of all companies are none, where the user is allowed in every active one.
    """
    env = records.env
    allowed = env.user._get_company_ids()
    # The company decides, also about records that the user does not see.
    known = records.sudo()
    shared = known.filtered(lambda record: not record.company_id)
    foreign = (known - shared).filtered(
        lambda record: record.company_id.id not in allowed
    )
    # Also companies that the user does not see.
    Company = env["res.company"].sudo()
    if shared and Company.search_count([("id", "not in", allowed)], limit=1):
        foreign |= shared
    return records.browse(foreign.ids)


def make_company_error(records):
    """Return the error about the first of some records that are not the user's."""
    env = records.env
    record = records[0].sudo()  # its company, and its name if it is of all
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
