"""Read access of users. All code and tests query Odoo's access rules here.

Odoo 19 checks access rights, the groups of fields, and record rules. If a later version
stores these in another way, only this module changes.

The user is that of the model's environment: `sudo()` affects `is_readable` only. Only
the superuser may read everything.
"""

from odoo.fields import Domain


def as_reader(records):
    """Return the records with the rights of their user, without `sudo()`."""
    return records.with_user(records.env.user)


def is_readable(model, name=None):
    """Return whether a model, or one of its fields, is readable in its environment.

    With `sudo()`, everything is.
    """
    if not model.browse().has_access("read"):
        return False
    return name is None or model._has_field_access(model._fields[name], "read")


def can_read(model, name=None):
    """Return whether the user may read a model, or one of its fields."""
    return is_readable(as_reader(model), name)


def can_read_record(record):
    """Return whether access rights and record rules let the user read a record."""
    return as_reader(record).has_access("read")


def find_unreadable(model, domain):
    """Return the first path of a domain that the user may not read, or None.

    Each step of a path counts: the field, and the model that it leads to. Unknown field
    names are left to the validation of the domain.
    """
    for condition in Domain(domain).iter_conditions():
        comodel, readable = _follow(model, condition.field_expr)
        if not readable:
            return condition.field_expr
        if comodel is not None and condition.operator.rstrip("!").endswith("any"):
            nested = find_unreadable(comodel, condition.value)
            if nested:
                return f"{condition.field_expr}.{nested}"
    return None


def _follow(model, path):
    """Return ``(model at the end or None, whether all steps are readable)``."""
    for name in path.split("."):
        field = model._fields.get(name)
        if field is None:
            return None, True
        if not can_read(model, name):
            return None, False
        if not field.relational:
            return None, True
        model = model.env[field.comodel_name]
    return model, can_read(model)


def get_read_domain(model):
    """Return the domain of the records that the user may read.

    Convert it to SQL with `sudo()`, as Odoo does: record rules may use fields that the
    user may not read.
    """
    if not can_read(model):
        return Domain.FALSE
    reader = as_reader(model)
    if reader.env.su:
        return Domain.TRUE
    return Domain(reader.env["ir.rule"]._compute_domain(model._name, "read"))
