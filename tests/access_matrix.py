"""Access rights: read the tables of the addons, and try them with real records.

An addon declares its decisions in ``tests/access.py``: tables of text with a column for
each role, and ``make(world)``, which returns the records to try them with:
``{model: {name: record or Sample}}``. A role without a column in a table has the rights
of the column ``employee``. ``ROLES`` has the roles that the addon itself adds.

MODELS   model, record        ``r`` read, export; ``w`` write; ``c`` create; ``d``
                              delete; ``?`` found, but some of its fields are refused
FIELDS   model, fields        ``r`` read, ``w`` write; fields may have wildcards. All
                              fields added to other addons' models, and the fields
                              with groups of own models.
METHODS  model, methods       ``x`` may call it. A role that can't read the record never
                              may, whatever the table says.
ARGS     {"model.method": function of the world that returns its arguments}
OPENS    model.method, …      methods that only return a window action
REPORTS  report, model        ``x`` may print it; as with methods
ROUTES   {path: auth}         how a controller authenticates the caller
DASHBOARDS  xml id            ``r`` sees it
SEARCHES model.field, …       fields without a column, with a search method of ours:
                              it reads the rows with the rights of the user
"""

import importlib
import inspect
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.http import Controller
from odoo.service.model import call_kw
from odoo.tests import new_test_user

from odoo.addons.crm_lifecycle.access import is_readable

ADDONS = Path(__file__).resolve().parent.parent / "addons"
# Addons without a complete set of decisions yet. New addons are not added here.
UNDECIDED = set()
TABLES = ("MODELS", "FIELDS", "METHODS", "REPORTS", "DASHBOARDS")
ROLES = {
    "public": "base.group_public",
    "portal": "base.group_portal",
    "employee": "base.group_user",
    "seller": "sales_team.group_sale_salesman",
    "leader": "sales_team.group_sale_salesman_all_leads",
    "manager": "sales_team.group_sale_manager",
    "accountant": "account.group_account_manager",
    "technician": "base.group_system",
    "admin": "base.group_system,sales_team.group_sale_manager",
}
OUTSIDERS = ("public", "portal")
# Attributes of every model.
STANDARD = set(dir(models.BaseModel))


class Sample(NamedTuple):
    """A record to try, values to write on it, and values to create another one."""

    record: models.BaseModel
    write: dict | None = None
    create: dict | None = None


class Undone(Exception):
    """Rolls back what was tried."""


# Models that pass calls on to another one, which decides; `test_api.py` calls them.
FORMER_NAMES = {"crm.lifecycle.task"}


def read_table(text, keys):
    """Return ``{(first columns): {role: cell}}`` of a table of text."""
    header, *lines = [line.split() for line in text.splitlines() if line.strip()]
    roles = header[keys:]
    table = {}
    for line in lines:
        if len(line) != len(header):
            raise ValueError(f"{len(header)} columns expected: {' '.join(line)}")
        key = tuple(line[:keys]) if keys > 1 else line[0]
        if key in table:
            raise ValueError(f"{key} is there twice")
        table[key] = dict(zip(roles, line[keys:], strict=True))
    return table


class Tables:
    """The decisions of the installed addons."""

    def __init__(self, env):
        installed = env["ir.module.module"].search([("state", "=", "installed")])
        self.addons = sorted(
            name for name in installed.mapped("name") if (ADDONS / name).is_dir()
        )
        self.roles = dict(ROLES)
        self.makers = []
        self.routes = {}
        self.opens = set()
        self.searches = set()
        self.args = {}
        for table in TABLES:
            setattr(self, table.lower(), {})
        for addon in self.addons:
            if (ADDONS / addon / "tests" / "access.py").exists():
                self._add(importlib.import_module(f"odoo.addons.{addon}.tests.access"))

    def _add(self, module):
        self.roles |= getattr(module, "ROLES", {})
        self.routes |= getattr(module, "ROUTES", {})
        self.opens |= set(getattr(module, "OPENS", "").split())
        self.searches |= set(getattr(module, "SEARCHES", "").split())
        self.args |= getattr(module, "ARGS", {})
        if hasattr(module, "make"):
            self.makers.append(module.make)
        for name in TABLES:
            text = getattr(module, name, "")
            if text:
                keys = 1 if name == "DASHBOARDS" else 2
                getattr(self, name.lower()).update(read_table(text, keys))

    def get_field_decision(self, model, name):
        """Return the row of a field with the most exact pattern, or None."""
        rows = [
            (pattern, row)
            for (row_model, patterns), row in self.fields.items()
            if row_model == model
            for pattern in patterns.split(",")
            if fnmatch(name, pattern)
        ]
        return min(rows, key=lambda found: found[0].count("*"))[1] if rows else None

    def get_method_decision(self, model, name):
        for (row_model, methods), row in self.methods.items():
            if row_model == model and name in methods.split(","):
                return row
        return None


def get_cell(row, role):
    """Return the rights of a role in a row, without the marks for none."""
    return row.get(role, row.get("employee", "-")).replace("-", "")


# ----------------------------------------------------------------
# What needs a decision
# ----------------------------------------------------------------


def is_ours(python_module, addons):
    parts = python_module.split(".")
    return parts[:2] == ["odoo", "addons"] and parts[2] in addons


def get_models(env, addons):
    """Return the names of our models that are not abstract."""
    return [
        name
        for name, model in env.registry.items()
        if model._original_module in addons and not model._abstract
    ]


def get_fields(env, addons):
    """Return ``[(model, field)]``: added to models of others, or with groups."""
    found = []
    for name, model in env.registry.items():
        if model._abstract:
            continue
        is_own = model._original_module in addons
        for field in model._fields.values():
            # Modules of an inherited field have no fixed order; the base field has.
            modules = field.base_field._modules
            is_added = modules and modules[0] in addons and not is_own
            is_guarded = field.groups and set(field._modules) & set(addons)
            if is_added or is_guarded:
                found.append((name, field.name))
    return found


def get_methods(env, addons):
    """Return the ``[(model, method)]`` of ours that RPC can call.

    Methods of Odoo that an addon of ours only extends need no decision here. Methods
    of a mixin are decided for the models that inherit it.
    """
    found = []
    for name, model in env.registry.items():
        if (
            name in FORMER_NAMES
            or model._abstract
            and (model._original_module not in addons or model._inherit_children)
        ):
            continue
        names = {
            attribute
            for klass in model.__mro__
            if is_ours(klass.__module__, addons)
            for attribute, value in vars(klass).items()
            if inspect.isfunction(value)
            and not attribute.startswith("_")
            and attribute not in STANDARD
            and not getattr(value, "_api_private", False)
        }
        names -= {
            attribute
            for klass in model.__mro__
            if not is_ours(klass.__module__, addons)
            and klass.__module__.startswith("odoo.addons.")
            for attribute in vars(klass)
        }
        found += [(name, attribute) for attribute in sorted(names)]
    return found


def get_routes(addons):
    """Return ``{path: auth}`` of our controllers."""
    found, classes = {}, list(Controller.__subclasses__())
    while classes:
        klass = classes.pop()
        classes += klass.__subclasses__()
        if not is_ours(klass.__module__, addons):
            continue
        for value in vars(klass).values():
            routing = getattr(value, "original_routing", None)
            for path in (routing or {}).get("routes", ()):
                found[path] = routing.get("auth", "user")
    return found


# ----------------------------------------------------------------
# The world
# ----------------------------------------------------------------


class World:
    """Companies, a user of each role, and the records of all addons.

    The users work in ``home``, which is a branch of ``parent`` and has a branch of its
    own; ``there`` is another company. ``seller`` owns the records called ``mine``,
    ``colleague`` those called ``others``.
    """

    def __init__(self, env, tables):
        self.tables = tables
        Company = env["res.company"]
        self.parent = Company.create({"name": "Access parent"})
        self.home = Company.create({"name": "Access home", "parent_id": self.parent.id})
        self.branch = Company.create(
            {"name": "Access branch", "parent_id": self.home.id}
        )
        self.there = Company.create({"name": "Access there"})
        self.companies = self.parent | self.home | self.branch | self.there
        self.companies.write({"currency_id": env.ref("base.EUR").id})
        env.user.company_ids |= self.companies
        self.env = env(
            context={
                **env.context,
                "allowed_company_ids": [self.home.id, *self.companies.ids],
                "tracking_disable": True,
            }
        )
        self.users = {
            role: self._make_user(role, groups) for role, groups in tables.roles.items()
        }
        self.seller = self.users["seller"]
        self.colleague = self._make_user("colleague", ROLES["seller"])
        self.shared = self.env["res.partner"].create({"name": "Access shared"})
        self.made = {}
        self.broken = []
        self.readable = {}  # by role and record
        for make in tables.makers:
            for model, records in make(self).items():
                known = self.made.setdefault(model, {})
                for name, sample in records.items():
                    known[name] = (
                        Sample(*sample) if isinstance(sample, tuple) else Sample(sample)
                    )
        self.env.flush_all()

    def _make_user(self, role, groups):
        if role not in OUTSIDERS:
            groups += ",base.group_allow_export"
        # No mails to these users.
        return new_test_user(
            self.env,
            f"access_{role}",
            groups=groups,
            context={"no_reset_password": True},
            company_id=self.home.id,
            company_ids=[Command.set(self.home.ids)],
        )

    def get_env(self, role):
        """Return the environment of a role, in its own company."""
        return self.env(
            user=self.users[role],
            context={"allowed_company_ids": self.home.ids, "active_test": False},
            su=False,
        )

    def make_partner(self, name, company=None, **vals):
        return self.env["res.partner"].create(
            {"name": f"Access {name}", "company_id": company and company.id, **vals}
        )

    # ------------------------------------------------------------
    # Trying
    # ------------------------------------------------------------

    def gets_through(self, work, what="", *, refusals=UserError):
        """Do some work and roll it back; return whether it was not refused.

        Errors that are no refusal are added to ``broken``.
        """
        try:
            with self.env.cr.savepoint():
                work()
                self.env.flush_all()
                raise Undone
        except Undone:
            return True
        except refusals:
            return False
        except UserError:
            return True
        except Exception as error:  # noqa: BLE001 - reported with the work
            cause = error
            while cause := cause.__cause__ or cause.__context__:
                if isinstance(cause, AccessError):
                    return False
            self.broken.append(f"{what}: {error!r}")
            return True

    def get_rights(self, role, sample):
        """Return the letters of the actual rights of a role on a sample."""
        record = sample.record.with_env(self.get_env(role))
        model = record.browse()
        rights = ""
        if not sample.record and sample.create is None:
            ways = {"r": "read", "w": "write", "c": "create", "d": "unlink"}
            return "".join(c for c, way in ways.items() if model.has_access(way))
        if sample.record:
            rights += self.read(record)
            if sample.write is not None and self.gets_through(
                lambda: record.write(sample.write), f"{role} writes {record}"
            ):
                rights += "w"
        if sample.create is not None and self.gets_through(
            lambda: self._create(model, sample.create), f"{role} creates {model}"
        ):
            rights += "c"
        if (
            sample.record
            and not model._transient
            and self.gets_through(record.unlink, f"{role} deletes {record}")
        ):
            rights += "d"
        return rights

    def read(self, record):
        """Return ``r`` if a record is found, read and exported, ``?`` if partly."""
        ways = (
            lambda: self._find(record),
            lambda: record.read(self._get_own_fields(record)),
            lambda: record.export_data([".id", "display_name"]),
        )
        if self.get_env_name(record) in OUTSIDERS:
            ways = ways[:2]  # these roles never export
        if record._transient:
            ways = ways[1:2]
        what = f"{self.get_env_name(record)} reads {record}"
        if self.gets_through(lambda: [way() for way in ways], what):
            return "r"
        return "?" if any(self.gets_through(way, what) for way in ways) else ""

    def _get_own_fields(self, record):
        """Return the fields to read; of other addons' models, those that we add."""
        own = self.tables.addons
        is_own = type(record)._original_module in own
        names = [
            name
            for name, field in record._fields.items()
            if (is_own or set(field._modules) & set(own)) and is_readable(record, name)
        ]
        return names or ["display_name"]

    def get_env_name(self, record):
        return next(r for r, user in self.users.items() if user == record.env.user)

    @staticmethod
    def _find(record):
        if record not in record.search([("id", "=", record.id)]):
            raise AccessError("not found")

    @staticmethod
    def _create(model, values):
        record = model.create(values)
        if model._transient:
            record.read()  # computed fields show data of other records

    def can_read(self, role, record):
        key = (role, record)
        if key not in self.readable:
            rights = self.read(record.with_env(self.get_env(role)))
            self.readable[key] = rights == "r"
        return self.readable[key]

    def call(self, role, sample, method):
        """Call a method as RPC does; return whether the role has access.

        The role creates a wizard itself before the call.
        """
        model = sample.record.browse().with_env(self.get_env(role))
        function = getattr(type(model), method)
        get_args = self.tables.args.get(f"{model._name}.{method}", lambda world: ())

        def work():
            ids = sample.record.ids or model.create(sample.create).ids
            args = [] if getattr(function, "_api_model", False) else [ids]
            call_kw(model, method, [*args, *get_args(self)], {})

        return self.gets_through(
            work, f"{role} calls {model._name}.{method}", refusals=AccessError
        )
