from odoo.tests import Form, tagged

from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestPath(LifecycleCase):
    """The diagram of a lifecycle: its stages, and the moves between them."""

    def _arrows(self, lifecycle=None):
        """Return ``{(from, to): (names of rules, kind)}``."""
        path = (lifecycle or self.lifecycle).path
        codes = [stage["name"] for stage in path["stages"]]
        return {
            (codes[arrow["from"]], codes[arrow["to"]]): (
                [rule["name"] for rule in arrow["rules"]],
                arrow["kind"],
            )
            for arrow in path["arrows"]
        }

    def test_stages_stand_in_their_order(self):
        self.lost.sequence = -1
        names = [stage["name"] for stage in self.lifecycle.path["stages"]]
        self.assertEqual(names, ["Lost", "Prospect", "Engaged", "Customer", "Risk"])

    def test_rules_between_the_same_stages_share_an_arrow(self):
        self._rule(self.engaged, [], self.prospect, name="Second", sequence=2)
        self._rule(self.engaged, [], self.prospect, name="First", sequence=1)
        self._rule(self.engaged, [], self.prospect, name="Off", active=False)
        self.assertEqual(
            self._arrows(), {("Prospect", "Engaged"): (["First", "Second"], "free")}
        )
        [arrow] = self.lifecycle.path["arrows"]
        self.assertEqual([rule["number"] for rule in arrow["rules"]], [1, 2])

    def test_a_rule_from_any_stage_has_an_arrow_from_each_other(self):
        self._rule(self.lost, [])
        self.assertEqual(
            set(self._arrows()),
            {(name, "Lost") for name in ("Prospect", "Engaged", "Customer", "Risk")},
        )
        self.assertTrue(self.lifecycle.path["arrows"][0]["rules"][0]["any"])

    def test_the_policy_marks_the_ways(self):
        self._rule(self.customer, [], self.prospect | self.risk, name="Up")
        self._rule(self.prospect, [], self.customer, name="Back")
        up, back, won = (
            ("Prospect", "Customer"),
            ("Customer", "Prospect"),
            ("Risk", "Customer"),
        )
        for skip, regress, kinds in [
            ("allow", "allow", {"free"}),
            ("fill", "allow", {up: "fill", back: "free", won: "free"}),
            ("forbid", "allow", {up: "refused", back: "free", won: "free"}),
            ("allow", "decision", {up: "free", back: "decision", won: "decision"}),
        ]:
            self.lifecycle.write({"skip_policy": skip, "regress_policy": regress})
            with self.subTest(skip=skip, regress=regress):
                arrows = self._arrows()
                found = {way: kind for way, (_names, kind) in arrows.items()}
                if isinstance(kinds, set):
                    self.assertEqual(set(found.values()), kinds)
                else:
                    self.assertEqual(found, kinds)
        note = self.lifecycle.path["arrows"][1]["note"]
        self.assertIn("Reinvest", note)

    def test_the_picture_follows_what_is_being_edited(self):
        self._rule(self.engaged, [], self.prospect)
        with Form(self.lifecycle.with_user(self.manager)) as form:
            with form.stage_ids.edit(0) as stage:
                stage.name = "Newcomer"
            self.assertEqual(form.path["stages"][0]["name"], "Newcomer")
            self.assertEqual(len(form.path["arrows"]), 1)

    def test_an_empty_lifecycle_has_an_empty_picture(self):
        path = self.env["crm.lifecycle"].new({"name": "New"}).path
        self.assertEqual((path["stages"], path["arrows"]), ([], []))
