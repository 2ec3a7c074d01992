"""Databases and Odoo processes of a measurement."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("STATE", ROOT / ".odoo"))
CORE_DB = "crm_lifecycle_core"
ADDONS = "crm_lifecycle,crm_lifecycle_sale"
# Version of the generator, which marks databases: only rows of the same one are reused.
GENERATOR = (ROOT / "bench" / "generate.py").read_bytes()
MARK = f"bench: {hashlib.sha256(GENERATOR).hexdigest()[:16]}"


class Driver:
    """Create databases, run steps in them, and store the results.

    ``plain`` has the generated rows and Odoo's own addons, ``work`` also has our
    addons. ``plain`` is created once and never changed.
    """

    def __init__(self, customers, orders, seed=42, keep=False):
        self.customers = customers
        self.orders = orders
        self.seed = seed
        self.keep = keep
        self.plain = f"bench_{customers}_{orders}_{seed}"
        self.work = f"{self.plain}_work"
        self.made = []
        self._results_file = STATE / "bench" / f"{self.plain}.json"
        self.results = self._read_results() if keep else {}
        self.results.update(customers=customers, orders=orders, seed=seed)
        self.results.setdefault("steps", {})

    @property
    def failed(self):
        """Return the names of the steps that failed."""
        return [
            name
            for name, result in self.results["steps"].items()
            if isinstance(result, dict) and "error" in result
        ]

    def scale_down(self, divisor):
        """Return a driver with customers and orders divided by ``divisor``."""
        return Driver(
            self.customers // divisor, self.orders // divisor, self.seed, self.keep
        )

    # ------------------------------------------------------------
    # Results
    # ------------------------------------------------------------

    def _read_results(self):
        if self._results_file.exists():
            return json.loads(self._results_file.read_text())
        return {}

    def store_result(self, step, result):
        """Store the result of a step, also for a later run with ``--only``."""
        self.results["steps"][step] = result
        self._results_file.parent.mkdir(parents=True, exist_ok=True)
        self._results_file.write_text(json.dumps(self.results, indent=1))

    # ------------------------------------------------------------
    # Databases
    # ------------------------------------------------------------

    def sql(self, database, query):
        """Run a query, and return its lines."""
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database]
        done = subprocess.run(
            [*command, "-c", query], check=True, capture_output=True, text=True
        )
        return done.stdout.splitlines()

    def exists(self, database):
        return bool(
            self.sql(
                "postgres", f"SELECT 1 FROM pg_database WHERE datname = '{database}'"
            )
        )

    def is_complete(self, database):
        return MARK in self.sql(
            "postgres",
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
            f"WHERE datname = '{database}'",
        )

    def mark_complete(self, database):
        self.sql("postgres", f"COMMENT ON DATABASE {database} IS '{MARK}'")

    def copy(self, source, target):
        """Copy a database without connections, as files if PostgreSQL supports it."""
        self.drop(target)
        [version] = self.sql("postgres", "SHOW server_version_num")
        strategy = ["--strategy=file_copy"] if int(version) >= 150000 else []
        subprocess.run(["createdb", *strategy, "-T", source, target], check=True)
        self.made.append(target)

    def drop(self, database):
        if self.exists(database):
            subprocess.run(["dropdb", "--force", database], check=True)

    def clean_up(self):
        if not self.keep:
            for database in self.made:
                self.drop(database)

    def vacuum(self, database):
        """Vacuum and analyze like autovacuum, so that it does not run during a step."""
        tables = self.sql(
            database,
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relpersistence = 'p' "
            "AND (relname LIKE 'crm_lifecycle%' OR relname = 'sale_order')",
        )
        self.sql(database, f"VACUUM (ANALYZE) {', '.join(tables)}")
        self.warm(database)

    def warm(self, database):
        """Read the tables and indexes into the cache, as on a running server."""
        self.sql(database, "CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        self.sql(
            database,
            "SELECT SUM(pg_prewarm(oid, 'read')) FROM pg_class "
            "WHERE relkind IN ('r', 'i') AND relpersistence = 'p' AND relpages > 1000",
        )

    # ------------------------------------------------------------
    # Odoo
    # ------------------------------------------------------------

    def odoo(self, *arguments, **options):
        command = [sys.executable, "-m", "odoo", *arguments]
        return subprocess.run(command, check=True, cwd=ROOT, **options)

    def shell(self, database, step, **parameters):
        """Run a step of `bench.steps` in the Odoo shell, and return its result."""
        started = time.monotonic()
        print(f"{step} in {database} ...", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "result.json"
            environment = {
                **os.environ,
                "BENCH_ROOT": str(ROOT),
                "BENCH_STEP": step,
                "BENCH_PARAMETERS": json.dumps(parameters),
                "BENCH_RESULT": str(output),
            }
            with open(ROOT / "bench" / "shell.py") as script:
                self.odoo(
                    "shell",
                    *("-d", database, "--no-http", "--log-level=warn"),
                    stdin=script,
                    env=environment,
                )
            # The shell exits with 0 even if the step raises.
            if not output.exists():
                raise RuntimeError(f"the step {step} failed (see above)")
            result = json.loads(output.read_text())
        print(f"{step} done: {time.monotonic() - started:.1f} s", flush=True)
        return result
