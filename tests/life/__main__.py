"""Test the installation, upgrade and uninstallation of our addons with data.

test-life alone [ADDON...]   each addon with only its dependencies
test-life together           all at once, upgraded, uninstalled one by one
test-life orders             one after the other, in different orders
test-life orders ADDON...    only these, in this order and reversed: installed, and
                           uninstalled while the others are still installed
test-life tests ADDON...     the tests of an addon with only its dependencies
test-life bridge             a bridge uninstalled between two runs, and installed again
test-life upgrade [REF]      the addons of a git ref with data, then the current ones

All installations have demo data. A test fails on a warning in a log, and if an
uninstalled addon leaves something behind or has changed something of other addons.
"""

import random
import subprocess
import sys
import time

from manifests import ADDONS, read_manifests, sort_addons

from .databases import LOG, PREFIX, Databases
from .snapshot import SCHEMA, CheckFailed, compare
from .upgrade import ROOTS, upgrade

SALE = "crm_lifecycle_sale"
SEEDS = (1, 2)
# Warning of a run about rules with broken conditions.
EXPECTED_WARNING = r"run\.session: Lifecycle run \d+: The conditions of"


class Life(Databases):
    def __init__(self):
        super().__init__()
        self.manifests = read_manifests()
        self.own, self.foreign, _left_out = sort_addons(self.manifests)
        self.failed = []
        # Databases with an addon and its dependencies: {addons: name}.
        self.known = {}

    # ------------------------------------------------------------
    # Dependencies
    # ------------------------------------------------------------

    def get_needs(self, name):
        """Return the dependencies of an addon: ours in order, and others."""
        ours, others = [], []
        for dependency in self.manifests[name].get("depends", []):
            if dependency in self.manifests:
                deeper, beyond = self.get_needs(dependency)
                ours += [item for item in (*deeper, dependency) if item not in ours]
                others += [item for item in beyond if item not in others]
            elif dependency not in others:
                others.append(dependency)
        return ours, others

    # ------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------

    def check_states(self, database, installed):
        """Check that exactly these of our addons are installed.

        Odoo skips an addon without an error.
        """
        rows = self.open(database).ask(
            "SELECT name FROM ir_module_module WHERE state = 'installed'"
        )
        found = {name for (name,) in rows} & {*self.manifests, *installed}
        if found != set(installed):
            wrong = ", ".join(sorted(found ^ set(installed)))
            raise CheckFailed(f"installed or not, against what is due: {wrong}")

    def check_left(self, database, before):
        lines = compare(before, self.ask(database))
        lines += self.open(database).find_orphans()
        if lines:
            raise CheckFailed("\n".join(lines))

    # ------------------------------------------------------------
    # Scenarios
    # ------------------------------------------------------------

    def alone(self, names):
        """Install each addon with only its dependencies, uninstall and reinstall it."""
        self.make_templates()
        for name in names:
            self.run_check(f"alone: {name}", self.check_addon_alone, name)

    def make_templates(self):
        """Create the templates from which databases of dependencies are copied."""
        for template, modules in (("base", ["base"]), ("crm", ["crm"])):
            self.make_template(template, modules)
            self.known[frozenset(modules) - {"base"}] = template
        for name in self.own:
            modules = self.get_content(name)
            if self.get_mark(f"with_{name}") == self.get_key(sorted(modules)):
                self.known[modules] = f"with_{name}"

    def get_content(self, name):
        """Return an addon and all its dependencies."""
        ours, others = self.get_needs(name)
        return frozenset({*ours, *others, name} - {"base"})

    def make_needs(self, database, *names):
        """Create a database with the dependencies of addons; return those of ours.

        It is a copy of the known database with most of the dependencies.
        """
        needs = [self.get_needs(name) for name in names]
        ours = dict.fromkeys(n for mine, _others in needs for n in mine)
        ours = [name for name in ours if name not in names]
        others = {n for _mine, beyond in needs for n in beyond} - {"base"}
        nearest = max((k for k in self.known if k <= {*ours, *others}), key=len)
        self.copy(self.known[nearest], database)
        # Ignore warnings at the installation of addons that are not ours.
        for what, modules in (("others", others), ("needs", ours)):
            if left := sorted(set(modules) - nearest):
                log, strict = f"{names[0]}-{what}", what == "needs"
                self.odoo(database, log, "-i", ",".join(left), strict=strict)
        return ours

    def check_addon_alone(self, name):
        ours = self.make_needs("alone", name)
        before = self.ask("alone")
        self.odoo("alone", f"{name}-install", "-i", name)
        self.check_states("alone", [*ours, name])
        self.keep_template(name, "alone")
        self.odoo("alone", f"{name}-uninstall", "uninstall", name)
        self.check_states("alone", ours)
        self.check_left("alone", before)
        self.odoo("alone", f"{name}-again", "-i", name)
        self.check_states("alone", [*ours, name])

    def keep_template(self, name, database):
        """Keep a database of an addon and its dependencies if other addons need it."""
        if any(name in self.get_needs(other)[0] for other in self.own):
            modules, template = self.get_content(name), f"with_{name}"
            self.drop(template)
            self.run("createdb", "-T", PREFIX + database, PREFIX + template)
            self.set_mark(template, self.get_key(sorted(modules)))
            self.known[modules] = template

    def tests(self, names):
        """Run the tests of each addon with only its dependencies installed."""
        self.make_templates()
        for name in names:
            self.run_check(f"tests: {name}", self.test_alone, name)

    def test_alone(self, name):
        self.make_needs("alone", name)
        self.odoo("alone", f"{name}-install", "-i", name)
        log = LOG / f"tests-{name}.log"
        command = [sys.executable, "-m", "pytest", f"--odoo-database={PREFIX}alone"]
        with log.open("w") as output:
            status = subprocess.call(
                [*command, ADDONS / name], stdout=output, stderr=output
            )
        print(log.read_text().splitlines()[-1])
        if status:
            raise CheckFailed(f"exit status {status}: see {log}")

    def together(self):
        self.make_core()
        self.copy("core", "together")
        before = self.ask("together")
        names = list(self.own)
        self.run_check("together: install", self.install, "together", names)
        roots = ",".join(ROOTS)
        self.run_check(
            "together: upgrade", self.odoo, "together", "upgrade", "-u", roots
        )
        while names:
            name = names.pop()
            self.run_check(
                f"together: less {name}", self.remove, "together", name, names
            )
        self.run_check("together: nothing left", self.check_left, "together", before)
        self.run_check("together: again", self.install, "together", self.own)

    def make_core(self):
        self.make_template("core", self.foreign)

    def install(self, database, names):
        self.odoo(database, "install", "-i", ",".join(names))
        self.check_states(database, names)

    def remove(self, database, name, names):
        self.odoo(database, f"{name}-uninstall", "uninstall", name)
        self.check_states(database, names)

    def bridge(self):
        """Uninstall a bridge between two runs, and install it again."""
        self.make_template("crm", ["crm"])
        self.copy("crm", "bridge")
        self.odoo("bridge", "bridge-needs", "-i", "sale", strict=False)
        self.run_check("bridge: goes and comes back", self.check_without_bridge)

    def check_without_bridge(self):
        for step, options, expected in (
            ("before", ("-i", SALE), "$^"),
            ("without", ("uninstall", SALE), EXPECTED_WARNING),
            ("again", ("-i", SALE), "$^"),
        ):
            self.odoo("bridge", f"bridge-{step}", *options)
            code = f"from tests.life import bridge; bridge.{step}(env)"
            self.shell("bridge", f"run-{step}", code, expected=expected)

    def compare_two_orders(self, names):
        """Install and uninstall a few addons, in this order and reversed."""
        self.make_templates()
        ours = self.make_needs("few", *names)
        before, expected = self.ask("few"), {}
        for order in (list(names), list(reversed(names))):
            label = ", ".join(order)
            self.run_check(
                f"orders: {label}",
                self.check_install_order,
                order,
                ours,
                before,
                expected,
            )

    def check_install_order(self, order, ours, before, expected):
        """Install addons in an order, then uninstall them in the same order."""
        self.copy("few", "orders")
        installed = list(ours)
        for name in order:
            self.odoo("orders", f"{order[0]}-first-{name}", "-i", name)
            installed.append(name)
            self.check_states("orders", installed)
        found = self.ask("orders")
        found = {part: found[part] for part in SCHEMA}
        for part, names in found.items():
            expected.setdefault(part, names)
        self.check_same(expected, found)
        for name in order:
            installed.remove(name)
            self.remove("orders", name, installed)
        self.check_left("orders", before)

    def orders(self):
        """Check that installing one by one in any order gives the same database."""
        self.make_core()
        expected = None
        for label, names in self.get_orders():
            self.copy("core", "orders")
            for number, name in enumerate(names):
                self.odoo("orders", f"{label}-{number}-{name}", "-i", name)
            found = self.ask("orders")
            found = {part: found[part] for part in SCHEMA}
            expected = expected or found
            self.run_check(f"orders: {label}", self.check_same, expected, found)

    def get_orders(self):
        """Yield orders; an addon also installs its missing dependencies."""
        yield "by name, backwards", sorted(self.own, reverse=True)
        for seed in SEEDS:
            names = sorted(self.own)
            random.Random(seed).shuffle(names)
            yield f"drawn by lot, {seed}", names

    def check_same(self, expected, found):
        lines = compare(expected, found)
        if lines:
            raise CheckFailed("\n".join(lines))

    # ------------------------------------------------------------
    # Output
    # ------------------------------------------------------------

    def run_check(self, what, work, *arguments):
        started = time.monotonic()
        try:
            work(*arguments)
            outcome = "ok"
        except CheckFailed as trouble:
            self.failed.append(what)
            outcome = f"FAILED\n{trouble}"
        print(f"{what}: {time.monotonic() - started:.0f} s, {outcome}", flush=True)

    def end(self):
        # Drop only its own copies, since another scenario may be running.
        for name in self.copies:
            self.drop(name)
        if self.failed:
            sys.exit(f"{len(self.failed)} failed: {', '.join(self.failed)}")
        print("all as it should be")


def main(story, *names):
    LOG.mkdir(parents=True, exist_ok=True)
    life = Life()
    if story == "alone":
        life.alone(names or life.own)
    elif story == "tests":
        life.tests(names or life.own)
    elif story == "together":
        life.together()
    elif story == "bridge":
        life.bridge()
    elif story == "upgrade":
        upgrade(life, *names)
    elif names:
        life.compare_two_orders(names)
    else:
        life.orders()
    life.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
