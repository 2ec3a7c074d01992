from odoo.tests import TransactionCase, tagged

from odoo.addons.crm_lifecycle.engine.stages import (
    StageInfo,
    get_missing_stages,
    get_required_decision,
)

PROSPECT, ENGAGED, CUSTOMER, LOYAL, RISK, ENDED = STEPS = [
    StageInfo(id=index, sequence=index, category=category)
    for index, category in enumerate(
        ["prospect", "engaged", "customer", "loyal", "at_risk", "ended"], start=1
    )
]


@tagged("post_install", "-at_install")
class TestStages(TransactionCase):
    def test_missing_steps_are_the_rungs_never_climbed(self):
        for entered_ids, target, expected in [
            ({1}, ENGAGED, []),
            ({1}, LOYAL, [ENGAGED, CUSTOMER]),
            ({1, 2}, LOYAL, [CUSTOMER]),
            ({1, 5}, CUSTOMER, [ENGAGED]),
            ({1, 2, 3, 5}, CUSTOMER, []),
            ({1}, RISK, []),
            ({1}, ENDED, []),
            (set(), PROSPECT, []),
        ]:
            with self.subTest(entered_ids=entered_ids, target=target.category):
                self.assertEqual(
                    get_missing_stages(STEPS, entered_ids, target), expected
                )

    def test_ways_back_need_a_decision(self):
        for origin, target, expected in [
            (None, PROSPECT, ""),
            (PROSPECT, CUSTOMER, ""),
            (CUSTOMER, PROSPECT, "reinvest"),
            (CUSTOMER, RISK, ""),
            (RISK, CUSTOMER, "reinvest"),
            (RISK, ENDED, "let_go"),
            (ENDED, PROSPECT, ""),
        ]:
            with self.subTest(origin=origin, target=target.category):
                self.assertEqual(get_required_decision(origin, target, STEPS), expected)
