"""Common parts of the tests of bad input: settings, and checks of a refusal."""

import re
from collections import Counter

from hypothesis import HealthCheck, Phase, settings

from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase

from tests.thorough import THOROUGH, rounds

KEEP_GOING = settings(
    max_examples=rounds(100, 1300),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=not THOROUGH,
    database=None,
    phases=[Phase.generate],  # shrinking costs: report failures as found
)
LANGUAGES = ("en_US", "zh_CN")
CHINESE = re.compile("[\u4e00-\u9fff]")
# Tables that bad input may leave rows in.
TABLES = (
    "crm_lifecycle",
    "crm_lifecycle_stage",
    "crm_lifecycle_rule",
    "crm_lifecycle_tag",
    "crm_lifecycle_version",
    "crm_lifecycle_profile",
    "crm_lifecycle_history",
    "crm_lifecycle_pending",
    "res_partner",
)


class BadInputCase(LifecycleCase):
    """Try random input and roll it back."""

    tables = TABLES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.ada = cls._customer("Ada", user_id=cls.salesperson.id)
        cls.bob = cls._partner("Bob", email="bob@example.com")
        cls.rule = cls._rule(cls.engaged, [("won_count", ">=", 99)], name="Often won")
        cls.env.flush_all()
        cls.tried = Counter()
        cls.refused = Counter()
        cls.addClassCleanup(cls._tell)

    @classmethod
    def _tell(cls):
        if THOROUGH:
            print("\ntried:", dict(cls.tried), "refused:", dict(cls.refused))

    def _try(self, what, work, lang="en_US"):
        """Return the result of some work, or the user error that it raised.

        All of it is rolled back. An error that is not a user error fails the test.
        """
        self.tried[what] += 1
        with self.env.cr.savepoint() as savepoint:
            try:
                with self.env.cr.savepoint():
                    result = work()
                    self.env.flush_all()
            except UserError as error:
                self.refused[what] += 1
                self._assert_in_words(error, lang)
                result = error
            savepoint.rollback()
            self.env.invalidate_all()
        return result

    def _assert_in_words(self, error, lang="en_US"):
        """Check that a refusal is a sentence in the reader's language, without code."""
        text = str(error)
        self.assertGreater(len(text), 10 if lang == "en_US" else 4)
        for sign in ("Traceback", "psycopg2", "line 1\n", "object at 0x"):
            self.assertNotIn(sign, text)
        if lang == "zh_CN":
            self.assertRegex(text, CHINESE)

    def _digest(self):
        """Return a fingerprint of all rows that bad input might have changed."""
        self.env.flush_all()
        return self.env.execute_query(
            SQL(" UNION ALL ").join(
                SQL(
                    "SELECT %s, COUNT(*), md5(string_agg(t::text, '' ORDER BY id)) "
                    "FROM %s AS t",
                    table,
                    SQL.identifier(table),
                )
                for table in self.tables
            )
        )
