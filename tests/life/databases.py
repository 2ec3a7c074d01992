"""Databases of the scenarios, and the Odoo commands that run on them."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg2
from manifests import ADDONS

from .snapshot import CheckFailed, Database

STATE = Path(os.environ["STATE"])
LOG = STATE / "log" / "life"
PREFIX = "life_"
LOG_PROBLEM = re.compile(r"^\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) .*", re.MULTILINE)


class Databases:
    """Templates and copies of databases.

    Templates are kept between runs, and marked with the key of their content. Copies
    are dropped at the end.
    """

    def __init__(self):
        self.copies = set()

    def run(self, *command):
        """Run a PostgreSQL command."""
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def drop(self, name):
        self.run("dropdb", "--if-exists", "--force", PREFIX + name)

    def copy(self, source, name):
        self.drop(name)
        self.copies.add(name)
        self.run("createdb", "-T", PREFIX + source, PREFIX + name)

    def make_template(self, name, modules):
        """Create a database with demo data, unless it exists and is up to date."""
        key = self.get_key(modules)
        if self.get_mark(name) == key:
            return
        self.drop(name)
        self.run("createdb", "-T", "template0", "-E", "UTF8", PREFIX + name)
        self.odoo(name, "template", "-i", ",".join(modules), strict=False)
        self.disable_autovacuum(name)
        self.set_mark(name, key)

    def get_key(self, modules):
        """Return the key of a template: Odoo, the addons, and the content of ours."""
        odoo = (STATE / "odoo.key").read_text().strip()
        files = sorted(
            path
            for name in modules
            for path in (ADDONS / name).rglob("*")
            if path.is_file() and not {"tests", "readme"} & set(path.parts)
        )
        content = hashlib.sha256(b"".join(path.read_bytes() for path in files))
        return " ".join([odoo, content.hexdigest()[:16], *modules])

    def get_mark(self, name):
        with psycopg2.connect(dbname="postgres") as connection:
            rows = Database(connection.cursor()).ask(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                f" WHERE datname = '{PREFIX}{name}'"
            )
        return rows and rows[0][0]

    def set_mark(self, name, key):
        with (
            psycopg2.connect(dbname="postgres") as connection,
            connection.cursor() as cr,
        ):
            cr.execute(f"COMMENT ON DATABASE {PREFIX}{name} IS %s", [key])

    def disable_autovacuum(self, name):
        """Disable autovacuum of addons: uninstalling locks them without waiting."""
        with (
            psycopg2.connect(dbname=PREFIX + name) as connection,
            connection.cursor() as cr,
        ):
            cr.execute("ALTER TABLE ir_module_module SET (autovacuum_enabled = false)")

    def odoo(self, database, what, *options, **kwargs):
        """Run the Odoo server once, or uninstall an addon.

        :param kwargs: ``strict`` and ``expected``, see `call`
        :raises CheckFailed: if ``strict`` and the log has a warning
        """
        arguments = (
            ["module", "uninstall", "-d", PREFIX + database, *options[1:]]
            if options[0] == "uninstall"
            else [
                *("server", "-d", PREFIX + database, *options),
                *("--with-demo", "--skip-auto-install", "--no-http"),
                *("--load-language=en_US,zh_CN", "--stop-after-init"),
            ]
        )
        self.call(database, what, arguments, **kwargs)

    def shell(self, database, what, code, *options, **kwargs):
        """Run code in the Odoo shell, and commit."""
        arguments = ["shell", "-d", PREFIX + database, "--no-http", *options]
        code = f"{code}\nenv.cr.commit()\n"
        self.call(database, what, arguments, code=code, **kwargs)

    def call(self, database, what, arguments, *, strict=True, code="", expected="$^"):
        """Run an Odoo command, ignoring the expected warnings."""
        log = LOG / f"{database}-{what}.log"
        with log.open("w") as output:
            status = subprocess.run(
                [sys.executable, "-m", "odoo", *arguments],
                check=False,
                input=code,
                text=True,
                stdout=output,
                stderr=output,
            ).returncode
        lines = [match[0] for match in LOG_PROBLEM.finditer(log.read_text())]
        lines = [line for line in lines if not re.search(expected, line)]
        if status:
            lines.append(f"exit status {status}")
        if lines and strict:
            raise CheckFailed("\n".join([f"{what}: see {log}", *lines]))

    def open(self, database):
        return Database(psycopg2.connect(dbname=PREFIX + database).cursor())

    def ask(self, database):
        return self.open(database).read()
