"""Compare access rights, tried with real records, with the decisions of the addons.

Anything without a decision fails too, so nothing new is overlooked. How to add lines:
see `tests/access_matrix.py`. ``ACCESS_PRINT=1 script/test
tests/test_access_matrix.py -n 0 -s`` prints the actual tables.
"""

import json
import os
from collections import Counter
from functools import partial
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle.access import can_read, is_readable

from tests import access_matrix as matrix
from tests import search_rights

# These only return a location; access is checked when it is opened.
LINKS = ("ir.actions.act_url", "ir.actions.report")
# The fields that hold conditions, and the model on which these are evaluated.
CONDITIONS = {
    "crm.lifecycle.domain": "crm.lifecycle.profile",
    "crm.lifecycle.rule.domain": "crm.lifecycle.profile",
    "crm.lifecycle.tag.domain": "crm.lifecycle.profile",
    "crm.lifecycle.ticket.rule.domain": "crm.lifecycle.profile",
    "crm.loyalty.bonus.rule.partner_domain": "res.partner",
}
PRINT = bool(os.environ.get("ACCESS_PRINT"))


@tagged("post_install", "-at_install")
class TestAccessMatrix(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Formatting messages of refusals, which no test reads, takes half of the time.
        for model in ("ir.model.access", "ir.rule"):
            cls.startClassPatcher(
                patch.object(
                    cls.registry[model],
                    "_make_access_error",
                    lambda *args: AccessError("Refused"),
                )
            )
        cls.tables = matrix.Tables(cls.env)
        cls.addons = cls.tables.addons
        cls.world = matrix.World(cls.env, cls.tables)
        cls.roles = list(cls.tables.roles)
        quiet = mute_logger(
            "odoo.addons.base.models.ir_model",
            "odoo.addons.base.models.ir_rule",
            "odoo.http",
            "odoo.models",
            "odoo.models.unlink",
            "odoo.sql_db",
        )
        quiet.__enter__()
        cls.addClassCleanup(quiet.__exit__, None, None, None)
        cls.cells = Counter()
        cls.addClassCleanup(cls._tell_cells)

    @classmethod
    def _tell_cells(cls):
        """Print how many cells were tried, visible with ``-s``."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in cls.cells.items())
        print(f"\n{sum(cls.cells.values())} cells, {len(cls.roles)} roles: {kinds}")

    def _compare(self, kind, decided, found):
        """Check every cell against the decisions; list all differences as lines."""
        self.cells[kind.lower()] += sum(len(cells) for cells in found.values())
        broken, self.world.broken = self.world.broken, []
        if PRINT:
            print(*broken, sep="\n")
            print(f"\n{kind}")
            for key, cells in found.items():
                print(" ".join(key), *(cells[role] or "-" for role in self.roles))
            return
        wrong = []
        for key, cells in found.items():
            row = decided.get(key)
            if row is None:
                wrong.append(f"{key}: no decision")
                continue
            for role, cell in cells.items():
                expected = matrix.get_cell(row, role)
                if cell != expected:
                    wrong.append(
                        f"{' '.join(key)}: {role} is due “{expected}”, has “{cell}”"
                    )
        missing = [f"{key}: nothing to try" for key in decided.keys() - found.keys()]
        wrong += missing + broken
        self.assertFalse(wrong, "\n".join([kind, *wrong]))

    def _get_samples(self):
        for model, records in self.world.made.items():
            for name, sample in records.items():
                yield model, name, sample

    # ------------------------------------------------------------
    # A decision for everything
    # ------------------------------------------------------------

    def test_every_model_is_decided_about(self):
        decided = {model for model, _record in self.tables.models}
        self.assertFalse(set(matrix.get_models(self.env, self.addons)) - decided)

    def test_every_public_method_is_decided_about(self):
        undecided = [
            f"{model}.{method}"
            for model, method in matrix.get_methods(self.env, self.addons)
            if f"{model}.{method}" not in self.tables.opens
            and self.tables.get_method_decision(model, method) is None
        ]
        self.assertFalse(undecided, "\n".join(undecided))

    def test_every_field_is_decided_about(self):
        undecided = [
            f"{model}.{name}"
            for model, name in matrix.get_fields(self.env, self.addons)
            if self.tables.get_field_decision(model, name) is None
        ]
        self.assertFalse(undecided, "\n".join(undecided))

    def test_every_route_is_decided_about(self):
        routes = matrix.get_routes(self.addons)
        self.assertEqual(set(routes), set(self.tables.routes))
        for path, auth in routes.items():
            self.assertEqual(auth, self.tables.routes[path], path)

    def test_every_report_and_dashboard_is_decided_about(self):
        undecided = set(self._get_own("ir.actions.report")) - {
            report for report, _model in self.tables.reports
        }
        undecided |= set(self._get_own("spreadsheet.dashboard")) - set(
            self.tables.dashboards
        )
        self.assertFalse(undecided)

    def _get_own(self, model):
        """Return the XML ids of our own records of a model."""
        if model not in self.env:
            return []
        data = self.env["ir.model.data"].search(
            [("model", "=", model), ("module", "in", self.addons)]
        )
        return data.mapped("complete_name")

    def test_every_model_of_companies_is_tried_with_records_of_others(self):
        """For rows of a company, one of another company and one of a branch are tried;
        for rows about customers, also one of a customer shared by two companies."""
        missing = []
        world = self.world
        for model in matrix.get_models(self.env, self.addons):
            fields = self.env[model]._fields
            if self.env[model]._transient or "company_id" not in fields:
                continue
            rows = [sample.record for sample in world.made.get(model, {}).values()]
            for company in (world.home, world.branch, world.there):
                if not any(row.company_id == company for row in rows):
                    missing.append(f"{model}: none of {company.name}")
            if "partner_id" in fields and not any(
                int(row.partner_id) == world.shared.id and row.company_id == world.there
                for row in rows
            ):
                missing.append(f"{model}: no shared customer")
        self.assertFalse(missing, "\n".join(missing))

    def test_every_search_of_ours_is_decided_about(self):
        self.assertEqual(
            search_rights.get_own_searches(self.env, self.addons), self.tables.searches
        )

    def test_every_join_of_ours_is_tried(self):
        self.assertEqual(
            search_rights.get_joining_models(self.env, self.addons),
            {"crm.lead", "crm.lifecycle.profile", "res.partner"},
        )

    def test_every_place_of_conditions_is_tried(self):
        self.assertEqual(
            {
                f"{name}.{field.name}"
                for name, model in self.env.registry.items()
                if not model._abstract
                for field in model._fields.values()
                if field.name.endswith("domain")
                and field.store
                and field.column_type
                and set(field._modules) & set(self.addons)
            },
            set(CONDITIONS),
        )

    # ------------------------------------------------------------
    # Rights as decided
    # ------------------------------------------------------------

    def test_models_and_records(self):
        found = {}
        for model, name, sample in self._get_samples():
            if (model, name) not in self.tables.models and not PRINT:
                continue  # only for its fields and methods
            found[model, name] = {
                role: self.world.get_rights(role, sample) for role in self.roles
            }
        self._compare("MODELS", self.tables.models, found)

    def test_fields(self):
        found, decided = {}, {}
        for model, name in matrix.get_fields(self.env, self.addons):
            sample = next(iter(self.world.made.get(model, {}).values()), None)
            self.assertTrue(sample, f"no record of {model} to try")
            decided[model, name] = self.tables.get_field_decision(model, name)
            found[model, name] = {
                role: self._get_field_rights(role, sample, name) for role in self.roles
            }
        self._compare("FIELDS", decided, found)

    def _get_field_rights(self, role, sample, name):
        record = sample.record.with_env(self.world.get_env(role))
        field = record._fields[name]
        if not record:  # a wizard: roles that may create one
            rights = "rw" if record.has_access("create") else ""
            return rights if is_readable(record, name) else ""
        try:
            value = field.convert_to_write(sample.record[name], record)
        except NotImplementedError:
            value = False
        rights = ""
        if role in matrix.OUTSIDERS:  # these roles never export
            ways = [lambda: record.read([name])]
        else:
            ways = [
                lambda: record.read([name]),
                lambda: record.export_data([".id", name]),
            ]
        if self.world.gets_through(lambda: [way() for way in ways], f"reads {name}"):
            rights += "r"
        elif self.world.gets_through(ways[-1], f"exports {name}"):
            rights += " exported"
        writes = (field.store and not field.related) or field.inverse
        writes = writes and not field.inherited  # decided by its own model
        if writes and self.world.gets_through(
            lambda: record.write({name: value}), f"writes {name}"
        ):
            rights += "w"
        return rights

    def test_methods(self):
        found, decided = {}, {}
        for model, method in matrix.get_methods(self.env, self.addons):
            key = f"{model}.{method}"
            if key in self.tables.opens:
                continue
            samples = list(self.world.made.get(model, {}).values())
            self.assertTrue(samples, f"no record of {model} to try")
            decided[model, method] = self.tables.get_method_decision(model, method)
            found[model, method] = {
                role: "x" if self.world.call(role, samples[0], method) else ""
                for role in self.roles
            }
        self._compare("METHODS", decided, found)

    def test_no_method_is_a_way_to_records_that_one_may_not_read(self):
        leaks = []
        for model, method in matrix.get_methods(self.env, self.addons):
            function = getattr(self.env.registry[model], method)
            if f"{model}.{method}" in self.tables.opens or getattr(
                function, "_api_model", False
            ):
                continue
            for name, sample in self.world.made.get(model, {}).items():
                for role in self.roles:
                    if not self._may_see(role, name, sample) and self.world.call(
                        role, sample, method
                    ):
                        leaks.append(f"{model}.{method} of {name}: {role}")
        self.assertFalse(leaks, "\n".join(leaks))

    def _may_see(self, role, name, sample):
        """Return whether a role may see the record that a method is about.

        Every user owns their wizards; the name of a sample says what it is about.
        """
        if sample.record:
            return self.world.can_read(role, sample.record)
        return not (name == "there" or (name == "others" and role == "seller"))

    def test_methods_that_open_tell_nothing(self):
        for key in self.tables.opens:
            model, method = key.rsplit(".", 1)
            with self.subTest(method=key):
                if self.env[model]._abstract:
                    continue
                sample = next(iter(self.world.made[model].values()))
                record = sample.record or sample.record.new(sample.create or {})
                action = getattr(record, method)()
                self.assertIn(action["type"], ("ir.actions.act_window", *LINKS))

    def test_reports(self):
        found = {}
        for report, model in self.tables.reports:
            samples = list(self.world.made[model].values())
            found[report, model] = {
                role: "x" if self._prints(role, report, samples[0]) else ""
                for role in self.roles
            }
            for name, sample in self.world.made[model].items():
                for role in self.roles:
                    if not self._may_see(role, name, sample):
                        self.assertFalse(self._prints(role, report, sample))
        self._compare("REPORTS", self.tables.reports, found)

    def _prints(self, role, report, sample):
        """Return whether a role may print a sample; a wizard is created first."""
        env = self.world.get_env(role)
        model = sample.record.browse().with_env(env)

        def work():
            ids = sample.record.ids or model.create(sample.create).ids
            env["ir.actions.report"]._render_qweb_html(report, ids)

        return self.world.gets_through(work, f"{role} prints {report}")

    def test_no_search_looks_at_what_its_asker_may_not_read(self):
        """A path through our fields to a hidden field is refused or reveals nothing."""
        leaks, tried = [], 0
        for name, field in search_rights.get_searches(self.env, self.addons):
            if not field.relational:
                continue
            for role in self.roles:
                model = self.world.get_env(role)[name]
                if not can_read(model, field.name):
                    continue
                secret = search_rights.find_secret(model.env[field.comodel_name])
                if not secret:
                    continue  # this role can read everything
                tried += 1
                leaks += [
                    f"{role}, {name}: {leak}"
                    for leak in search_rights.get_leaks(model, field.name, secret)
                ]
        self.cells["paths to hidden fields"] += tried
        self.assertGreater(tried, 50)
        self.assertFalse(leaks, "\n".join(leaks))

    def test_no_conditions_look_at_what_their_author_may_not_read(self):
        """Runs evaluate conditions with all rights, so hidden paths are refused."""
        taken, tried = [], 0
        for key, target in CONDITIONS.items():
            name, field = key.rsplit(".", 1)
            sample = self.world.made[name]["here"]
            for role in self.roles:
                env = self.world.get_env(role)
                secret = search_rights.find_secret(env[target])
                record = sample.record.with_env(env)
                if not secret or not record.has_access("write"):
                    continue
                for domain in (
                    [(secret, "=", False)],
                    ["!", (secret, "!=", False)],
                    search_rights.nest(secret, "!=", False),
                ):
                    tried += 1
                    if self.world.gets_through(
                        partial(record.write, {field: str(domain)}),
                        f"{role} sets {key}",
                        refusals=AccessError,
                    ):
                        taken.append(f"{role}, {key}: {domain}")
        self.cells["hidden conditions"] += tried
        self.assertGreater(tried, 10)
        self.assertFalse(taken, "\n".join(taken))

    def test_no_search_shows_the_customer_of_somebody_else(self):
        """Fields of a profile are empty for a user who can't see the profile."""
        profile = self.world.profiles["others"]
        partner = profile.partner_id
        lead = self.env["crm.lead"].create(
            {
                "name": "Access",
                "partner_id": partner.id,
                "company_id": self.world.home.id,
                "user_id": self.world.seller.id,
            }
        )
        env = self.world.get_env("seller")
        leader = self.world.get_env("leader")
        self.assertFalse(self.world.can_read("seller", profile))
        shown, seen = [], 0
        for name, field in search_rights.get_searches(self.env, self.addons):
            record = {"res.partner": partner, "crm.lead": lead}.get(name)
            if record is None:
                continue
            seen += bool(list(search_rights.get_shown(record.with_env(leader), field)))
            shown += [
                f"{name}.{field.name}: {way}"
                for way in search_rights.get_shown(record.with_env(env), field)
            ]
        self.assertGreater(seen, 5, "who sees the profile finds its values")
        self.assertFalse(shown, "\n".join(shown))

    def test_dashboards(self):
        found = {}
        for xml_id in self.tables.dashboards:
            dashboard = self.env.ref(xml_id)
            found[xml_id,] = {
                role: self.world.read(dashboard.with_env(self.world.get_env(role)))
                for role in self.roles
            }
        decided = {(xml_id,): row for xml_id, row in self.tables.dashboards.items()}
        self._compare("DASHBOARDS", decided, found)

    def test_dashboards_ask_for_nothing_that_their_readers_may_not_see(self):
        """Query each source of a dashboard as each role that sees the dashboard."""
        wrong = []
        for xml_id in self.tables.dashboards:
            dashboard = self.env.ref(xml_id)
            sources = list(self._get_sources(json.loads(dashboard.spreadsheet_data)))
            self.assertTrue(sources, xml_id)
            for role in self.roles:
                env = self.world.get_env(role)
                if not self.world.can_read(role, dashboard):
                    continue
                for model, domain in sources:
                    self.cells["sources of dashboards"] += 1
                    wrong += [
                        f"{xml_id}, {role}: {told}"
                        for told in self._ask(env[model], domain)
                    ]
        self.assertFalse(wrong, "\n".join(wrong))

    def _get_sources(self, data):
        """Return ``(model, domain)`` of the pivots, lists and charts of a dashboard."""
        for kind in ("pivots", "lists"):
            for source in data.get(kind, {}).values():
                yield source["model"], source.get("domain", [])
        for sheet in data["sheets"]:
            for figure in sheet.get("figures", []):
                chart = figure.get("data", {})
                if "metaData" in chart:
                    domain = chart.get("searchParams", {}).get("domain", [])
                    yield chart["metaData"]["resModel"], domain

    def _ask(self, model, domain):
        """Return why a query is refused, or its rows of other companies."""
        if isinstance(domain, str):
            domain = []  # dynamic parts of the domain only narrow it
        if not self.world.gets_through(lambda: model.search(domain), f"{model}"):
            return [f"may not ask for {model._name}"]
        if "company_id" not in model._fields:
            return []
        allowed = self.world.home | self.world.parent
        others = model.search(domain).sudo().company_id - allowed
        return [f"{model._name} of {company.name}" for company in others]
