"""Searches, sorts and groups through our fields, tried as each role.

Our code searches fields without a column, and the columns added by a join. Neither
may reveal data that the user can't read.
"""

from collections import deque

from odoo.exceptions import UserError

from odoo.addons.crm_lifecycle.access import can_read

from tests.access_matrix import is_ours

# Maximum length of a path from the field to a hidden field.
HOPS = 3


def get_searches(env, addons):
    """Return ``[(model, field)]`` of our fields that are searched without a column."""
    return [
        (name, field)
        for name, model in env.registry.items()
        if not model._abstract
        for field in model._fields.values()
        if not field.store and field.search and set(field._modules) & set(addons)
    ]


def get_own_searches(env, addons):
    """Return the fields with a search method of ours, as ``model.field``."""
    return {
        f"{model}.{field.name}"
        for model, field in get_searches(env, addons)
        if not field.related
    }


def get_joining_models(env, addons):
    """Return the models with code of ours that turns a field into SQL."""
    return {
        name
        for name, model in env.registry.items()
        if not model._abstract
        and any(
            "_field_to_sql" in vars(klass) and is_ours(klass.__module__, addons)
            for klass in model.__mro__
        )
    }


def find_secret(model):
    """Return the shortest path to a stored field that the model's user can't read."""
    waiting = deque([(model, ())])
    seen = {model._name}
    while waiting:
        model, way = waiting.popleft()
        for name, field in sorted(model._fields.items()):
            if not field.store or not field.column_type:
                continue
            if not can_read(model, name):
                return ".".join([*way, name])
            if field.type == "many2one" and len(way) < HOPS:
                comodel = model.env[field.comodel_name]
                if not can_read(comodel):
                    return ".".join([*way, name, comodel._rec_name or "id"])
                if comodel._name not in seen:
                    seen.add(comodel._name)
                    waiting.append((comodel, (*way, name)))
    return None


def nest(path, operator, value, way="any"):
    """Return the domain of a dotted path as nested conditions."""
    first, dot, rest = path.partition(".")
    if not dot:
        return [(first, operator, value)]
    return [(first, way, nest(rest, operator, value, way))]


def ask(model, work):
    """Return the result of a search, None if it is refused."""
    try:
        with model.env.cr.savepoint():
            return work()
    except (UserError, ValueError, TypeError, KeyError):
        return None


def get_leaks(model, name, secret):
    """Yield the ways in which the value of ``name.secret`` can be found out."""
    path = f"{name}.{secret}"
    forms = {
        "dotted": lambda operator: [(path, operator, False)],
        "any": lambda operator: nest(path, operator, False),
        "any!": lambda operator: nest(path, operator, False, "any!"),
    }
    for form, build in forms.items():
        found = [
            ask(model, lambda op=op, build=build: model.search(build(op)).ids)
            for op in ("=", "!=")
        ]
        # No leak: a condition and its opposite find the same records.
        if found[0] != found[1]:
            yield f"{form} {path}"
    if ask(model, lambda: model.search([], order=path).ids) is not None:
        yield f"sort by {path}"
    if ask(model, lambda: model._read_group([], [path], ["__count"])) is not None:
        yield f"group by {path}"


def get_shown(record, field):
    """Yield the ways in which a search shows the field of a record."""
    model = record.browse()
    mine = [("id", "=", record.id)]
    if ask(model, lambda: model.search([*mine, (field.name, "!=", False)]).ids):
        yield "search"
    if field.type != "many2many":
        spec = f"{field.name}:month" if field.type == "date" else field.name
        groups = ask(model, lambda: model._read_group(mine, [spec])) or []
        if any(value for [value] in groups):
            yield "group"
