import json
import unittest

from odoo.addons.base_rename import paths

NAMES = {
    ("card", "tier_id"): "new_tier_id",
    ("partner", "card_ids.tier_id"): "card_ids.new_tier_id",
}


def translate(model, path):
    first, *rest = path.split(".")
    if (model, path) in NAMES:
        return NAMES[model, path]
    if (model, first) in NAMES:
        return ".".join([NAMES[model, first], *rest])
    return path


class TestPaths(unittest.TestCase):
    def test_domain_renames_paths_and_nothing_else(self):
        old = "['|', (\"tier_id.name\", '=', 'tier_id'), ('id', 'in', [1, 2, uid])]"
        new = "['|', (\"new_tier_id.name\", '=', 'tier_id'), ('id', 'in', [1, 2, uid])]"
        self.assertEqual(paths.rename_domain(old, "card", translate), new)

    def test_domain_keeps_its_lines_and_its_chinese(self):
        old = (
            "[\n ('name', '=', '金卡'), ('tier_id', '=', '金'),\n ('tier_id', '=', 3)]"
        )
        new = old.replace("('tier_id", "('new_tier_id")
        self.assertEqual(paths.rename_domain(old, "card", translate), new)

    def test_domain_of_another_model_stays(self):
        text = "[('tier_id', '=', 1)]"
        self.assertEqual(paths.rename_domain(text, "other", translate), text)

    def test_domain_follows_relations(self):
        self.assertEqual(
            paths.rename_domain("[('card_ids.tier_id', '=', 1)]", "partner", translate),
            "[('card_ids.new_tier_id', '=', 1)]",
        )

    def test_domain_follows_any(self):
        self.assertEqual(
            paths.rename_domain(
                "[('card_ids', 'any', [('tier_id', '=', 1)]), ('tier_id', '=', 2)]",
                "partner",
                translate,
            ),
            "[('card_ids', 'any', [('new_tier_id', '=', 1)]), ('tier_id', '=', 2)]",
        )

    def test_values_of_a_condition_stay(self):
        text = "[('name', 'in', ['tier_id', 'b', 'c'])]"
        self.assertEqual(paths.rename_domain(text, "card", translate), text)

    def test_broken_domain_stays(self):
        for text in ("[('tier_id', '=',", "", "[%s]", "tier_id"):
            self.assertEqual(paths.rename_domain(text, "card", translate), text)

    def test_context_renames_groupings(self):
        self.assertEqual(
            paths.rename_context(
                "{'group_by': ['tier_id', 'date:month'], 'note': 'tier_id'}",
                "card",
                translate,
            ),
            "{'group_by': ['new_tier_id', 'date:month'], 'note': 'tier_id'}",
        )

    def test_sort_and_export(self):
        self.assertEqual(
            paths.rename_path_list('["tier_id desc", "id"]', "card", translate),
            '["new_tier_id desc", "id"]',
        )
        self.assertEqual(
            paths.rename_export_path("card_ids/tier_id", "partner", translate),
            "card_ids/new_tier_id",
        )

    def test_words(self):
        names = {"tier_id": "new_tier_id", "a.step": "a.log", "a.step.report": "a.sums"}
        self.assertEqual(
            paths.rename_words(
                "card.tier_id, tier_ids, env['a.step'], 'a.step.report', b.a.step",
                names,
            ),
            "card.new_tier_id, tier_ids, env['a.log'], 'a.sums', b.a.step",
        )

    def test_dashboard(self):
        data = {
            "pivots": {
                "1": {
                    "model": "card",
                    "rows": [{"fieldName": "tier_id", "order": "asc"}],
                    "domain": [["tier_id", "!=", False]],
                    "measures": [{"id": "points", "fieldName": "points"}],
                }
            },
            "lists": {"1": {"model": "other", "columns": ["tier_id"]}},
            "sheets": [
                {
                    "cells": {
                        "A1": '=PIVOT.VALUE(1,"points","tier_id",2)',
                        "A2": "tier_id",
                    }
                }
            ],
        }
        before = json.dumps(data)
        changed = paths.rename_dashboard(
            data, translate, lambda name: {"card": "new.card"}.get(name, name)
        )
        self.assertTrue(changed)
        pivot = data["pivots"]["1"]
        self.assertEqual(pivot["model"], "new.card")
        self.assertEqual(pivot["rows"][0]["fieldName"], "new_tier_id")
        self.assertEqual(pivot["domain"], [["new_tier_id", "!=", False]])
        self.assertEqual(
            data["sheets"][0]["cells"],
            {"A1": '=PIVOT.VALUE(1,"points","new_tier_id",2)', "A2": "tier_id"},
        )
        self.assertNotEqual(before, json.dumps(data))
        self.assertEqual(data["lists"]["1"]["columns"], ["tier_id"])
