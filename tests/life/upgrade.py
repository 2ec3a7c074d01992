"""Upgrade test: install and use the addons of a git ref, then the current ones.

The upgrade may not lose or change user data, and must give the same schema as a new
installation of the current addons.
"""

import ast
import configparser
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from manifests import ADDONS, read_manifests, sort_addons

from .snapshot import SCHEMA, CheckFailed

# Addons to upgrade; all others depend on them.
ROOTS = ("crm_lifecycle", "crm_loyalty")
# Run all our scheduled jobs, and move some customers by hand.
USAGE_CODE = """
modules = env["ir.module.module"].search([("name", "=like", "crm_l%")]).mapped("name")
jobs = env["ir.model.data"].search(
    [("model", "=", "ir.cron"), ("module", "in", modules)], order="id"
)
for job in env["ir.cron"].browse(jobs.mapped("res_id")):
    env.cr.commit()  # the job has a connection of its own
    job.method_direct_trigger()
env.cr.commit()
somewhere = [("stage_id", "!=", False)]
for profile in env["crm.lifecycle.profile"].search(somewhere, limit=3):
    profile.lifecycle_id.skip_policy = "allow"
    profile.stage_id = profile.lifecycle_id.stage_ids[-1]
"""
# Tables that must have rows before the upgrade, or the test proves nothing. Tables that
# the ref does not have are skipped.
REQUIRED_TABLES = (
    *("crm_lifecycle_profile", "crm_lifecycle_history", "crm_lifecycle_run"),
    *("loyalty_card", "loyalty_point_entry", "crm_loyalty_entry"),
    *("crm_lifecycle_ticket_log", "crm_lifecycle_purchase_month"),
)
# Columns that may change: Odoo writes its own contacts again, our dashboards are data
# of the addons, and the sources of facts have a new order.
VOLATILE = (
    "crm_lifecycle_pending.topics",
    # Moves of activations and switches are marked, and counted again by the reports.
    "crm_lifecycle_history.origin",
    "crm_lifecycle_growth_watermark.next_id",
    "crm_lifecycle_growth_watermark.upto",
    # New sources of facts have the next run compute all facts.
    "crm_lifecycle_run.watermark",
    "crm_lifecycle_run.write_date",
    # Lines of our own plans are due after the entry into a stage.
    "mail_activity_plan_template.delay_from",
    "res_partner.write_date",
    "res_partner.write_uid",
    "spreadsheet_dashboard.write_date",
)
# Prefixes of Odoo's tables that an upgrade writes, or that describe addons.
OF_ODOO = ("ir_", "res_groups", "res_users", "mail_template")
# Odoo looks for the folders of renamed addons before any migration can run.
MISSING_FOLDER = "module (%s): (manifest not found|not installable, skipped)"
# Small addons with tests that need no browser.
TESTED = ("crm_lifecycle_privacy", "crm_lifecycle_queue", "crm_loyalty_dashboard")


def upgrade(life, ref=None):
    ref = ref or find_last_tag()
    life.make_core()
    with tempfile.TemporaryDirectory(dir=os.environ["STATE"]) as folder:
        unpack(ref, folder)
        story = Upgrade(life, Path(folder) / "addons")
        life.run_check(f"upgrade: {ref} in use", story.use_old)
    if life.failed:
        return
    life.run_check("upgrade: today's", story.upgrade)
    life.run_check("upgrade: nothing lost or changed", story.check_rows)
    life.run_check("upgrade: what users made works", story.check_kept)
    life.run_check("upgrade: addons that are new", story.add_new)
    life.run_check("upgrade: as installed today", story.check_schema)
    life.run_check("upgrade: tests", story.test)


def git(*arguments):
    return subprocess.run(
        ["git", "-C", ADDONS.parent, *arguments], capture_output=True, check=True
    ).stdout


class Renames:
    """What the addons of today renamed, read from their maps without Odoo."""

    def __init__(self):
        self.models, self.fields, self.values = {}, {}, {}
        self.installed, self.modules = {}, {}
        for file in sorted(ADDONS.glob("*/renames.py")):
            found = _read_constants(file)
            self.models |= found["MODELS"]
            for model, names in found["FIELDS"].items():
                self.fields.setdefault(model, {}).update(names)
            self.values |= found.get("TEMPLATE_CODES", {})
            self.installed |= found.get("INSTALLED", {})
            self.modules |= found.get("MODULES", {})

    def get_table(self, table):
        """Return the name that a table has today."""
        for old, new in self.models.items():
            if old.replace(".", "_") == table:
                return new.replace(".", "_")
        return table

    def get_column(self, table, column):
        """Return the name that a column of a table of today has today."""
        for model, names in self.fields.items():
            if model.replace(".", "_") == table and column in names:
                return names[column]
        return column

    def get_text(self, column):
        """Return SQL of a column in which names and codes are those of today."""
        names = json.dumps(self.models | self.values)
        return f"""COALESCE('{names}'::jsonb ->> "{column}"::text, "{column}"::text)"""


def _read_constants(file):
    found = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def find_last_tag():
    try:
        return git("describe", "--tags", "--abbrev=0").decode().strip()
    except subprocess.CalledProcessError:
        sys.exit("There is no tag yet: name a commit, script/test-life upgrade REF")


def unpack(ref, folder):
    """Extract the addons of a git ref to a folder."""
    archive = git("archive", ref, "addons")
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)


def get_addons_path(folder):
    """Return the Odoo option to load our addons from another folder."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(os.environ["ODOO_RC"])
    paths = parser["options"]["addons_path"]
    return "--addons-path=" + paths.replace(str(ADDONS), str(folder))


class Upgrade:
    def __init__(self, life, folder):
        self.life = life
        self.folder = folder
        self.old, _foreign, _left_out = sort_addons(read_manifests(folder))
        self.renames = Renames()
        self.before, self.links = {}, {}

    def use_old(self):
        path = get_addons_path(self.folder)
        self.life.copy("core", "upgrade")
        self.life.odoo("upgrade", "old", "-i", ",".join(self.old), path, strict=False)
        self.life.check_states("upgrade", self.old)
        self.life.shell("upgrade", "use", USAGE_CODE, path, strict=False)
        code = "from tests.life import kept; kept.make(env)"
        self.life.shell("upgrade", "make", code, path)
        self.before = self.read_rows()
        self.links = self.life.open("upgrade").count_links(self.old)
        for table in REQUIRED_TABLES:
            if table in self.before and not self.before[table].ids:
                raise CheckFailed(f"no rows in {table}: nothing would be proved")

    def upgrade(self):
        roots = [name for name in ROOTS if name in self.old]
        expected = MISSING_FOLDER % "|".join(self.renames.modules)
        options = "-u", ",".join(roots)
        self.life.odoo("upgrade", "upgrade", *options, expected=expected)
        self.life.check_states("upgrade", self.get_expected())

    def get_expected(self):
        """Return the addons that an upgrade ends with: those before, and parts of them.

        An addon that was cut out of an installed one is installed with all it needs.
        """
        old = [self.renames.modules.get(name, name) for name in self.old]
        expected = {*old}
        for name in (*old, *self.renames.installed):
            expected |= {name, *self.life.get_needs(name)[0]}
        return expected

    def check_kept(self):
        code = "from tests.life import kept; kept.check(env)"
        self.life.shell("upgrade", "check", code)

    def add_new(self):
        expected = self.get_expected()
        new = [name for name in self.life.own if name not in expected]
        if new:
            self.life.odoo("upgrade", "new", "-i", ",".join(new))
        self.life.check_states("upgrade", self.life.own)

    def check_schema(self):
        self.life.copy("core", "fresh")
        self.life.install("fresh", self.life.own)
        fresh, found = self.life.ask("fresh"), self.life.ask("upgrade")
        parts = (*SCHEMA, "XML ids")
        for names in (fresh, found):
            # A field of a mixin belongs to the addon that is loaded last.
            names["XML ids"] = {
                name.split(".")[1] if ".field_" in name else name
                for name in names["XML ids"]
            }
        self.life.check_same(
            {part: fresh[part] for part in parts}, {part: found[part] for part in parts}
        )

    def test(self):
        """Upgrade some addons with Odoo's own test option."""
        options = ("--test-enable", "--test-tags=" + ",".join(f"/{n}" for n in TESTED))
        self.life.odoo("upgrade", "tests", "-u", ",".join(TESTED), *options)

    # ------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------

    def check_rows(self):
        lines = []
        after = self.read_rows(self.before)
        for table, rows in self.before.items():
            new_table = self.renames.get_table(table)
            if new_table in after:
                lines += rows.compare(new_table, after[new_table], self.renames)
            elif rows.ids:
                lines.append(f"{table}: gone, with {len(rows.ids)} rows")
        links = self.life.open("upgrade").count_links(self.get_expected())
        for (model, field), count in self.links.items():
            model = self.renames.models.get(model, model)
            field = self.renames.fields.get(model, {}).get(field, field)
            if links.get((model, field), 0) < count:
                lines.append(f"{model}.{field}: had {count} links")
        if lines:
            raise CheckFailed("\n".join(sorted(lines)))

    def read_rows(self, before=None):
        """Return the rows of the models that our addons add or extend, by table.

        After the upgrade: of the tables that were there before, by their new names.
        """
        database = self.life.open("upgrade")
        if before is None:
            return {
                table: Rows(database, table, self.renames)
                for table in database.get_tables_of(self.old)
                if not table.startswith(OF_ODOO)
            }
        known = {self.renames.get_table(table): rows for table, rows in before.items()}
        return {
            table: Rows(database, table, self.renames, rows.ids)
            for table, rows in known.items()
            if database.has_table(table)
        }


class Rows:
    """Ids of a table and hashes of its columns, optionally only of some ids."""

    def __init__(self, database, table, renames, ids=None):
        within = ""
        if ids is not None:
            within = f"WHERE id IN ({','.join(map(str, ids)) or 'NULL'})"
        names = database.get_columns(table)
        prints = ", ".join(
            f"""count("{name}"), md5(string_agg(
                id || ' ' || {renames.get_text(name)}, ',' ORDER BY id))"""
            for name in names
        )
        self.ids, *values = database.ask(
            f'SELECT array_agg(id ORDER BY id), {prints} FROM "{table}" {within}'
        )[0]
        self.ids = self.ids or []
        pairs = zip(values[::2], values[1::2], strict=True)
        self.columns = dict(zip(names, pairs, strict=True))

    def compare(self, table, after, renames):
        lost = len(self.ids) - len(after.ids)
        if lost:
            return [f"{table}: {lost} rows are gone"]
        lines = []
        for old_name, (count, text) in self.columns.items():
            name = renames.get_column(table, old_name)
            if name not in after.columns:
                lines += [f"{table}.{name}: gone, with {count} values"] if count else []
            elif after.columns[name][1] != text and f"{table}.{name}" not in VOLATILE:
                lines.append(f"{table}.{name}: changed")
        return lines
