"""Eight processes post on the same cards at once, and really commit."""

from odoo.tests import BaseCase, get_db_name, tagged

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
        # Something really happened, and somebody really lost.
        for operation in ("redeem", "earn", "sync", "undo", "write", "expire"):
            self.assertGreater(total[operation], 0)
        self.assertGreater(total["refused"], 0)
