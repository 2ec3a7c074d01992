"""API of customers for other systems, besides reading and writing records.

See docs/API.md; the tests make the calls of that page.
"""

from datetime import date, datetime

from odoo import models
from odoo.exceptions import UserError

from ..run.outlook import get_outlook


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def action_move(self, stage, reason):
        """Move customers to a stage, like a move in the user interface.

        :param stage: the code of the stage in the customer's own lifecycle, or its id
        :param reason: the reason to show in the history
        :return: ``[{"id", "stage", "stage_date", "held_until", "next_move"}]``, one for
            each customer; ``next_move`` is what the rules would do when the hold ends,
            ``{"date", "rule", "to", "to_name"}`` or None
        :raises UserError: if the lifecycle does not allow a move; no customer is moved
            then
        """
        self._check_existing()
        # The database refuses NUL characters in a text.
        reason = reason.replace("\0", "").strip() if isinstance(reason, str) else ""
        if not reason:
            raise UserError(self.env._("Tell the reason of the move."))
        self.check_access("write")
        for lifecycle, profiles in self.grouped("lifecycle_id").items():
            target = profiles._find_stage(lifecycle, stage)
            profiles = profiles.with_context(lifecycle_reason=reason)
            profiles.write({"stage_id": target.id})
        moves = get_outlook(self)
        return [
            {
                "id": profile.id,
                "stage": profile.stage_id.code or None,
                "stage_date": profile.stage_date or None,
                "held_until": profile.held_until or None,
                "next_move": self._get_json_move(moves.get(profile.id)),
            }
            for profile in self
        ]

    def explain(self):
        """Return why a customer is in the stage, and what each rule waits for.

        It returns what the customer's form shows, in the language of the user or of the
        call; see `_explain`.
        """
        self._check_existing()
        if len(self) > 1:
            raise UserError(self.env._("Ask about one customer at a time."))
        self.check_access("read")
        found = self._explain()
        why = found["why"]
        return {
            "id": self.id,
            "customer": self.display_name,
            "lifecycle": self.lifecycle_id.name or None,
            "stage": self.stage_id.code or None,
            "stage_name": self.stage_id.name or None,
            "stage_date": self.stage_date or None,
            "pinned_until": found["pinned_until"] or None,
            "held_until": found["held_until"] or None,
            "next_move": self._get_json_move(found["next_move"]),
            "why": {
                "date": why.date,
                "origin": why.origin,
                "rule": why.rule_id.name or None,
                "reason": why.explanation or None,
                "facts": why.facts or {},
            }
            if why
            else None,
            "rules": [
                {
                    "rule": rule["rule"].name,
                    "to": rule["stage"].code or None,
                    "to_name": rule["stage"].name,
                    "holds": rule["holds"],
                    "date": rule["date"],
                    "min_days": rule["days"],
                    "conditions": self._get_json_value(rule["conditions"]),
                }
                for rule in found["rules"]
            ],
        }

    def _check_existing(self):
        if not self:
            raise UserError(self.env._("Name the customers by the ids of profiles."))
        missing = self - self.exists()
        if missing:
            raise UserError(
                self.env._(
                    "There is no customer profile %(id)s. Search for it by its "
                    "contact.",
                    id=missing[0].id,
                )
            )

    def _find_stage(self, lifecycle, stage):
        """Return the stage of a lifecycle with a code or id."""
        if not lifecycle:
            raise UserError(
                self.env._(
                    "%(customer)s is in no lifecycle. Activate a lifecycle that takes "
                    "this customer first.",
                    customer=self[0].display_name,
                )
            )
        found = lifecycle.stage_ids.filtered(
            lambda item: (
                item.code == stage if isinstance(stage, str) else item.id == stage
            )
        )
        if not found:
            raise UserError(
                self.env._(
                    "There is no stage “%(stage)s” in the lifecycle “%(lifecycle)s” of "
                    "%(customer)s. Its stages are: %(stages)s.",
                    stage=stage,
                    lifecycle=lifecycle.name,
                    customer=self[0].display_name,
                    stages=", ".join(
                        f"{item.code} ({item.name})" for item in lifecycle.stage_ids
                    ),
                )
            )
        return found

    def _get_json_move(self, move):
        """Return an `OutlookMove` as JSON; without a rule if a lifecycle takes over."""
        return move and {
            "date": move.day,
            "rule": move.rule.name or None,
            "to": move.stage.code or None,
            "to_name": move.stage.name,
        }

    def _get_json_value(self, value):
        """Return a value that can be serialized as JSON."""
        if isinstance(value, dict):
            return {str(key): self._get_json_value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [self._get_json_value(item) for item in value]
        if isinstance(value, models.BaseModel):
            return value.mapped("display_name")
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return str(value)
