from odoo.tests import BaseCase, tagged

from odoo.addons.crm_lifecycle.engine.placement import (
    LifecycleInfo,
    Placement,
    RuleInfo,
    place,
)
from odoo.addons.crm_lifecycle.engine.stages import StageInfo

PROSPECT, ENGAGED, CUSTOMER, RISK, LOST = range(1, 6)
STAGES = [
    StageInfo(number, number, category)
    for number, category in enumerate(
        ("prospect", "engaged", "customer", "at_risk", "lost"), start=1
    )
]
ALL = (10, 20, 30, 40)
RULES = [
    RuleInfo(10, frozenset({PROSPECT}), ENGAGED),
    RuleInfo(20, frozenset({ENGAGED}), CUSTOMER),
    RuleInfo(30, frozenset({CUSTOMER}), RISK),
    RuleInfo(40, frozenset(), LOST),
]


def info(rules=RULES, **policies):
    return LifecycleInfo(STAGES, rules, **policies)


@tagged("post_install", "-at_install")
class TestPlacement(BaseCase):
    """Where the rules of a lifecycle end, by the rules that hold for a customer."""

    def test_the_way_goes_on_while_a_rule_holds(self):
        for holding, stage, rule, passed in (
            ((), PROSPECT, None, ()),
            ((10,), ENGAGED, 10, (PROSPECT,)),
            ((20,), PROSPECT, None, ()),
            ((10, 20), CUSTOMER, 20, (PROSPECT, ENGAGED)),
            ((10, 20, 30), RISK, 30, (PROSPECT, ENGAGED, CUSTOMER)),
        ):
            self.assertEqual(
                place(info(), PROSPECT, holding), Placement(stage, rule, passed)
            )

    def test_the_first_rule_that_holds_wins(self):
        found = place(info([RULES[3], *RULES[:3]]), PROSPECT, ALL)
        self.assertEqual((found.stage_id, found.rule_id), (LOST, 40))

    def test_a_rule_of_any_stage_leads_out_of_each(self):
        self.assertEqual(place(info(), CUSTOMER, (40,)).stage_id, LOST)
        self.assertEqual(place(info(), LOST, (40,)), Placement(LOST, None))

    def test_the_way_does_not_lead_back(self):
        back = RuleInfo(50, frozenset({ENGAGED}), PROSPECT)
        self.assertEqual(
            place(info([RULES[0], back]), PROSPECT, (10, 50)),
            Placement(ENGAGED, 10, (PROSPECT,), is_waiting=True),
        )

    def test_a_way_that_may_not_skip_ends_before(self):
        jump = RuleInfo(50, frozenset(), CUSTOMER)
        forbid = {"skip_policy": "forbid"}
        self.assertEqual(
            place(info([jump], **forbid), PROSPECT, (50,)),
            Placement(PROSPECT, None, is_waiting=True),
        )
        self.assertEqual(
            place(info([RULES[0], jump], **forbid), PROSPECT, (10, 50)),
            Placement(CUSTOMER, 50, (PROSPECT, ENGAGED)),
        )
        # Stages beside the ladder are no skip.
        self.assertEqual(place(info(**forbid), PROSPECT, (40,)).stage_id, LOST)

    def test_skipped_stages_are_filled_in(self):
        jump = RuleInfo(50, frozenset(), CUSTOMER)
        self.assertEqual(
            place(info([jump], skip_policy="fill"), PROSPECT, (50,)),
            Placement(CUSTOMER, 50, (PROSPECT, ENGAGED)),
        )

    def test_nothing_has_been_decided_yet(self):
        back = RuleInfo(50, frozenset({RISK}), CUSTOMER)
        self.assertEqual(
            place(info([back], regress_policy="decision"), RISK, (50,)),
            Placement(RISK, None, is_waiting=True),
        )
        self.assertEqual(place(info([back]), RISK, (50,)).stage_id, CUSTOMER)

    def test_the_way_ends_where_a_rule_cant_be_evaluated(self):
        self.assertEqual(
            place(info(), PROSPECT, (10, 30), unusable=(20,)),
            Placement(ENGAGED, 10, (PROSPECT,), is_waiting=True),
        )
        self.assertEqual(
            place(info(), PROSPECT, (), unusable=(20,)), Placement(PROSPECT, None)
        )
