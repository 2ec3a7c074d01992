"""The stages and rules of a lifecycle, as shown in a diagram."""

from odoo import api, fields, models

from ..engine.stages import StageInfo, get_missing_stages, get_required_decision


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    path = fields.Json(
        compute="_compute_path",
        help="The stages, and where rules and the policy of the lifecycle let "
        "customers go from each.",
    )

    @api.depends(
        "skip_policy",
        "regress_policy",
        "stage_ids.name",
        "stage_ids.sequence",
        "stage_ids.category",
        "rule_ids.name",
        "rule_ids.sequence",
        "rule_ids.active",
        "rule_ids.from_stage_ids",
        "rule_ids.to_stage_id",
    )
    @api.depends_context("lang")
    def _compute_path(self):
        for lifecycle in self:
            stages = lifecycle.stage_ids.sorted(
                lambda stage: (stage.sequence, stage._origin.id or 0)
            )
            lifecycle.path = {
                "stages": [lifecycle._get_path_stage(stage) for stage in stages],
                "arrows": lifecycle._get_path_arrows(stages),
                "policies": lifecycle._get_policy_texts(),
            }

    def _get_path_stage(self, stage):
        """Return the values of a stage in the diagram."""
        categories = dict(stage._fields["category"]._description_selection(self.env))
        return {
            "id": stage._origin.id,
            "name": stage.name or "",
            "category": stage.category,
            "label": categories.get(stage.category, ""),
        }

    def _get_path_arrows(self, stages):
        """Return the arrows of the diagram: one for all rules between two stages.

        Shape: ``[{"from": index, "to": index, "rules": [{"id", "number", "name",
        "any"}], "kind": "free", "fill", "decision" or "refused", "note": text}]``;
        ``number`` is the position of a rule in the evaluation order.
        """
        places = {stage._origin or stage: place for place, stage in enumerate(stages)}
        stage_infos = [
            StageInfo(id=place, sequence=place, category=stage.category)
            for place, stage in enumerate(stages)
        ]
        arrows = {}
        rules = self.rule_ids.filtered("active").sorted(
            lambda rule: (rule.sequence, rule._origin.id or 0)
        )
        for number, rule in enumerate(rules, start=1):
            target = places.get(rule.to_stage_id._origin or rule.to_stage_id)
            origins = rule.from_stage_ids._origin or rule.from_stage_ids or list(places)
            if target is None:
                continue
            for stage in origins:
                place = places.get(stage)
                if place is None or place == target:
                    continue
                arrows.setdefault((place, target), []).append(
                    {
                        "id": rule._origin.id,
                        "number": number,
                        "name": rule.name or "",
                        "any": not rule.from_stage_ids,
                    }
                )
        return [
            {
                "from": place,
                "to": target,
                "rules": items,
                **self._get_path_policy(stage_infos, place, target, stages),
            }
            for (place, target), items in sorted(arrows.items())
        ]

    def _get_path_policy(self, stage_infos, place, target, stages):
        """Return ``{"kind", "note"}``: the effect of the policies on a move.

        It assumes a customer who has been in all stages of the ladder up to the present
        one. A customer who has skipped some has fewer moves.
        """
        entered_ids = range(place + 1)
        missing = get_missing_stages(stage_infos, entered_ids, stage_infos[target])
        names = ", ".join(stages[info.id].name or "" for info in missing)
        if self.regress_policy == "decision":
            decision = get_required_decision(
                stage_infos[place], stage_infos[target], stage_infos
            )
            if decision:
                Profile = self.env["crm.lifecycle.profile"]
                labels = dict(
                    Profile._fields["decision"]._description_selection(self.env)
                )
                note = self.env._(
                    "Needs the decision “%(decision)s”.", decision=labels[decision]
                )
                return {"kind": "decision", "note": note}
        if missing and self.skip_policy == "forbid":
            note = self.env._(
                "Refused while a stage is missing: %(stages)s.", stages=names
            )
            return {"kind": "refused", "note": note}
        if missing and self.skip_policy == "fill":
            note = self.env._("Leads through: %(stages)s.", stages=names)
            return {"kind": "fill", "note": note}
        return {"kind": "free", "note": ""}

    def _get_policy_texts(self):
        """Return sentences that describe what the lifecycle allows."""
        skip = {
            "allow": self.env._("Stages may be skipped."),
            "fill": self.env._("Skipped stages are filled in."),
            "forbid": self.env._("Stages of the ladder can't be skipped."),
        }
        regress = {
            "allow": self.env._("The way back is free."),
            "decision": self.env._("The way back needs a decision."),
        }
        return [
            text
            for text in (
                skip.get(self.skip_policy),
                regress.get(self.regress_policy),
            )
            if text
        ]
