"""Eight processes post on the same cards at once, with real commits."""

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from tests.points_race import Race
from tests.thorough import rounds


@tagged("post_install", "-at_install")
class TestPointsRace(BaseCase):
    def test_nothing_is_overspent_lost_or_doubled(self):
        race = Race(get_db_name(), processes=8, rounds=rounds(12, 100))
        race.set_up()
        self.addCleanup(race.tear_down)
        total = race.run()
        self.assertEqual(race.check(total), [])
        self.assertFalse(total["lost"])
        # The race did some work, and some transactions lost.
        for operation in ("redeem", "earn", "sync", "undo", "write", "expire"):
            self.assertGreater(total[operation], 0)
        self.assertGreater(total["refused"], 0)


@tagged("post_install", "-at_install")
class TestLimitRace(BaseCase):
    """Two concurrent adjustments, each within the limit, together above it."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = self._env(cr)
            program = env["loyalty.program"].create(
                {
                    "name": "Limit race",
                    "program_type": "loyalty",
                    "applies_on": "both",
                    "crm_loyalty_adjust_limit": 1000,
                }
            )
            card = env["loyalty.card"].create({"program_id": program.id})
            adjustments = env["crm.loyalty.adjustment"].create(
                2 * [{"card_id": card.id, "points": 600, "reason": "Race"}]
            )
            self.program_id, self.card_id = program.id, card.id
            self.adjustment_ids = adjustments.ids
        self.addCleanup(self._take_away)

    def _env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def _take_away(self):
        with self.registry.cursor() as cr:
            for table in ("crm_loyalty_adjustment", "crm_loyalty_entry"):
                cr.execute(f"DELETE FROM {table} WHERE card_id = %s", [self.card_id])
            cr.execute("DELETE FROM loyalty_card WHERE id = %s", [self.card_id])
            env = self._env(cr)
            program = env["loyalty.program"].browse(self.program_id)
            program.action_archive()
            program.unlink()

    @mute_logger("odoo.sql_db")
    def test_the_second_of_two_at_once_sees_the_first_and_waits(self):
        first_id, second_id = self.adjustment_ids
        with self.registry.cursor() as late, self.registry.cursor() as early:
            late.execute("SELECT 1")  # its snapshot starts here
            self._env(early)["crm.loyalty.adjustment"].browse(first_id).action_ask()
            early.commit()
            with self.assertRaises(SerializationFailure):
                self._env(late)["crm.loyalty.adjustment"].browse(second_id).action_ask()
            # Retry once, as calls do.
            late.rollback()
            env = self._env(late)
            second = env["crm.loyalty.adjustment"].browse(second_id)
            second.action_ask()
            self.assertEqual(second.state, "waiting")
            self.assertEqual(env["loyalty.card"].browse(self.card_id).points, 600)
            late.rollback()
