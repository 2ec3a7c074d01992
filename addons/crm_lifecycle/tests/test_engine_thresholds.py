import doctest
from datetime import date

from odoo.fields import Domain
from odoo.tests import BaseCase, tagged

from odoo.addons.crm_lifecycle.engine import thresholds
from odoo.addons.crm_lifecycle.engine.templates import find_problems

from .test_template import load

TODAY = date(2026, 3, 2)


def _parameter(code, measure, unit="days", minimum=1, maximum=1095, **more):
    fit = {"measure": measure, "quartile": 3, "times": 1}
    fit.update({key: more.pop(key) for key in ("quartile", "times") if key in more})
    return {
        "code": code,
        "unit": unit,
        "min": minimum,
        "max": maximum,
        "fit": fit,
        **more,
    }


def _measure(*quartiles):
    return {"count": 9 if quartiles else 0, "quartiles": list(quartiles)}


@tagged("post_install", "-at_install")
class TestEngineThresholds(BaseCase):
    """What is proposed, and which conditions count."""

    def test_the_examples_of_the_documentation(self):
        self.assertFalse(doctest.testmod(thresholds).failed)

    def test_proposals_stay_within_the_bounds(self):
        for quartile, expected in ((0.2, 1), (100, 100), (3000, 1095)):
            parameter = _parameter("days", "interval")
            measures = {"interval": _measure(0, 0, quartile)}
            self.assertEqual(
                thresholds.propose([parameter], measures), {"days": expected}
            )

    def test_without_customers_nothing_is_proposed(self):
        parameters = [_parameter("days", "interval"), {"code": "other"}]
        self.assertEqual(thresholds.propose(parameters, {"interval": _measure()}), {})
        self.assertEqual(thresholds.propose(parameters, {}), {})

    def test_customers_who_all_buy_more_propose_no_decline(self):
        parameter = _parameter("decline", "decline", "percent", maximum=100)
        measures = {"decline": _measure(-50, -30, -10)}
        self.assertEqual(thresholds.propose([parameter], measures), {})

    def test_what_has_to_be_less_stays_less(self):
        parameters = [
            _parameter("silent", "interval", times=2, less_than="churn"),
            _parameter("churn", "interval", times=3, minimum=2),
        ]
        for quartile, expected in (
            (16, {"silent": 30, "churn": 50}),
            (0.4, {"silent": 1, "churn": 2}),
            (2000, {"silent": 1094, "churn": 1095}),
        ):
            measures = {"interval": _measure(1, 1, quartile)}
            self.assertEqual(thresholds.propose(parameters, measures), expected)
        parameters[0]["min"] = 2
        self.assertEqual(
            thresholds.propose(parameters, {"interval": _measure(0, 0, 0.4)}),
            {"churn": 2},
        )

    def test_what_has_no_proposal_keeps_its_value(self):
        silent = _parameter("silent", "interval", less_than="churn")
        churn = {"code": "churn", "min": 2, "max": 100}
        measures = {"interval": _measure(1, 1, 50)}
        for value, expected in ((51, 50), (50, 49), (2, 1)):
            self.assertEqual(
                thresholds.propose([silent, churn], measures, {"churn": value}),
                {"silent": expected},
            )
        self.assertEqual(
            thresholds.propose([silent, churn], measures, {"churn": 1}), {}
        )
        silent = {"code": "silent", "min": 1, "max": 100, "less_than": "churn"}
        churn = _parameter("churn", "interval", maximum=60)
        for value, expected in ((49, {"churn": 50}), (55, {"churn": 56}), (60, {})):
            self.assertEqual(
                thresholds.propose([silent, churn], measures, {"silent": value}),
                expected,
            )

    def test_a_chain_stays_in_order(self):
        parameters = [
            _parameter("silent", "interval", less_than="churn"),
            _parameter("churn", "interval", less_than="lost"),
            _parameter("lost", "interval"),
        ]
        self.assertEqual(
            thresholds.propose(parameters, {"interval": _measure(1, 1, 50)}),
            {"silent": 48, "churn": 49, "lost": 50},
        )

    def _condition(self, domain, unknown=True):
        sql = thresholds.get_purchase_condition(Domain(domain), TODAY, unknown)
        return sql.code % tuple(map(repr, sql.params))

    def test_conditions_on_purchases_become_sql(self):
        self.assertEqual(
            self._condition(
                [("order_count", ">=", 4), ("last_order_date", ">", "today -90d")]
            ),
            '("order_count" >= 4 AND "last_order_date" > datetime.date(2025, 12, 2))',
        )
        self.assertEqual(
            self._condition(
                ["|", ("last_order_date", "=", False), ("order_trend", "<=", -0.3)]
            ),
            '("last_order_date" IS NULL OR "order_trend" <= -0.3)',
        )

    def test_other_conditions_count_as_the_caller_says(self):
        for unknown, expected in ((True, "TRUE"), (False, "FALSE")):
            self.assertEqual(
                self._condition([("ticket_open_count", "=", 0)], unknown), expected
            )
        self.assertEqual(
            self._condition(["!", ("stage_id.code", "like", "x")]),
            "(FALSE) IS NOT TRUE",
        )

    def test_a_fit_that_names_nothing_is_found(self):
        good = load("growth")
        self.assertEqual(list(find_problems(good)), [])
        for wrong in (
            {"measure": "mood"},
            {"quartile": 4},
            {"times": 0},
            {"stage": "gone"},
        ):
            parameter = good["parameters"][1]
            fit = {**parameter["fit"], **wrong}
            problems = find_problems(
                {**good, "parameters": [{**parameter, "fit": fit}]}
            )
            self.assertIn("“fit” of “churn_days”", next(problems))
