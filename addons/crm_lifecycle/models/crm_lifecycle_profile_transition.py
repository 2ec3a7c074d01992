"""Moves of customers between stages: entry points, and policies of lifecycles."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import stages as engine
from ..moves import Move, MoveService
from ..profile.move_notice import get_move_notice


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_move(
        self,
        stage,
        *,
        origin,
        from_stage=None,
        as_of=None,
        rule=None,
        reason=None,
        quiet=False,
        writer=None,
        is_transfer=False,
    ):
        """Move the customers to a stage and record it. Return the moved ones.

        Calls `MoveService.move` for a move on one day.

        :param stage: the `crm.lifecycle.stage` to move to, in the customers' own
            lifecycle
        :param origin: a key of the history's ``origin``
        :param from_stage: only move customers that are still in this stage (compare and
            swap); an empty stage means customers without one, None any stage
        :param as_of: the day of the move, today by default
        :param rule: the `crm.lifecycle.rule` that makes the move
        :param quiet: trigger neither automation rules nor playbook stage_infos
        :param writer: writes the values on the profiles, if the caller is already
            inside a write
        :param is_transfer: allow a stage of another lifecycle than the customers'
        :raises UserError: if a user requests a move that the lifecycle does not allow;
            a rule's move is skipped instead
        """
        if not stage:
            raise UserError(
                self.env._("Choose the stage that the customer should move to.")
            )
        move = Move(
            stage=stage,
            origin=origin,
            day=as_of,
            from_stage=from_stage,
            rule=rule,
            reason=reason,
            quiet=quiet,
            is_transfer=is_transfer,
        )
        return MoveService(self.env).move(self, move, writer)

    def _reverse_moves(self, run, moves):
        """Move customers back to where they were before a run moved them.

        :param run: the `crm.lifecycle.run` that is voided
        :param moves: SQL of the ids of its moves
        :return: the number of customers moved back, and the customers that stay
        """
        return MoveService(self.env).reverse(run, moves)

    # ------------------------------------------------------------
    # Notice of moves by hand
    # ------------------------------------------------------------

    def get_move_notice(self):
        """Return what rules would do with customers who were moved by hand.

        The web client shows it after a move.

        :return: ``{"message", "profile_ids"}``, False if no rule would move them
        """
        self.check_access("read")
        return get_move_notice(self)

    def _get_move_notice_action(self, following):
        """Return the action that shows `get_move_notice`, then does ``following``."""
        notice = get_move_notice(self)
        if not notice:
            return following
        return {
            "type": "ir.actions.client",
            "tag": "lifecycle_move_notice",
            "params": {**notice, "next": following},
        }

    # ------------------------------------------------------------
    # Transfer to another lifecycle
    # ------------------------------------------------------------

    def _lifecycle_transfer(self, lifecycle, reason):
        """Move the customers to the corresponding stage of another lifecycle.

        It is the first stage of the same category, or else the first stage, like in
        runs. Return the customers who moved.
        """
        self.check_access("write")
        lifecycle.ensure_one()
        self._check_transfer(lifecycle)
        moved = self.browse()
        for stage, members in self._group_by_stage_in(lifecycle):
            moved |= members._lifecycle_move(
                stage, origin="manual", reason=reason, is_transfer=True
            )
        moved._mark_pending(review=True)
        return moved

    def _group_by_stage_in(self, lifecycle):
        """Return ``[(stage of the lifecycle, customers)]`` of customers not in it."""
        stages = lifecycle.stage_ids.sorted(lambda stage: (stage.sequence, stage.id))
        outside = self.filtered(lambda profile: profile.lifecycle_id != lifecycle)
        groups = outside.grouped(lifecycle._get_stage_for).items()
        return sorted(groups, key=lambda item: stages.ids.index(item[0].id))

    def _check_transfer(self, lifecycle):
        """Raise if the lifecycle is not active for the customers' companies."""
        if lifecycle.state != "active":
            raise UserError(
                self.env._(
                    "“%(lifecycle)s” is not active. Activate it first.",
                    lifecycle=lifecycle.name,
                )
            )
        if not lifecycle.stage_ids:
            raise UserError(
                self.env._(
                    "“%(lifecycle)s” has no stages yet. Add its stages first.",
                    lifecycle=lifecycle.name,
                )
            )
        company = lifecycle.company_id
        companies = lifecycle._get_served_companies()
        foreign_profiles = company and self.filtered(
            lambda item: item.company_id not in companies
        )
        if foreign_profiles:
            raise UserError(
                self.env._(
                    "“%(lifecycle)s” is a lifecycle of %(company)s, and %(customer)s "
                    "is a customer of another company. Choose a lifecycle of theirs.",
                    lifecycle=lifecycle.name,
                    company=company.name,
                    customer=foreign_profiles[0].display_name,
                )
            )

    # ------------------------------------------------------------
    # Policies of the lifecycle
    # ------------------------------------------------------------

    def _check_move(self, stage):
        """Raise if one of the customers can't be moved to a stage by hand."""
        self._check_own_lifecycle(stage)
        self._check_allowed(stage)

    def _check_allowed(self, stage):
        """Raise if the lifecycle refuses a move of one of the customers."""
        for profile, why in self._get_refusal_reasons(stage).items():
            raise UserError(profile._format_refusal(stage, why))

    def _format_refusal(self, stage, why):
        return self.env._(
            "%(customer)s can't move to “%(stage)s”: %(why)s",
            customer=self.display_name,
            stage=stage.name,
            why=why,
        )

    def _check_own_lifecycle(self, stage):
        """Raise if a customer belongs to another lifecycle than the stage."""
        for profile in self:
            if profile.lifecycle_id and profile.lifecycle_id != stage.lifecycle_id:
                raise UserError(
                    self.env._(
                        "%(customer)s is in the lifecycle “%(own)s” and the stage "
                        "“%(stage)s” belongs to “%(other)s”. Choose a stage of the "
                        "customer's own lifecycle.",
                        customer=profile.display_name,
                        own=profile.lifecycle_id.name,
                        stage=stage.name,
                        other=stage.lifecycle_id.name,
                    )
                )

    def _get_refusal_reasons(self, stage):
        """Return ``{profile: reason}`` of the moves that the lifecycle refuses.

        Coming from another lifecycle, or from none, is neither a skip nor a way back.
        """
        refused = {}
        undecided = self._get_missing_decisions(stage)
        if undecided:
            labels = dict(self._fields["decision"]._description_selection(self.env))
            for profile_id, decision in undecided.items():
                refused[self.browse(profile_id)] = self.env._(
                    "decide first. Set the decision on the customer to “%(decision)s”.",
                    decision=labels[decision],
                )
        Stage = self.env["crm.lifecycle.stage"]
        for profile_id, missing in self._get_forbidden_skips(stage).items():
            names = Stage.browse(info.id for info in missing).mapped("name")
            refused[self.browse(profile_id)] = self.env._(
                "stages can't be skipped. Still missing: %(stages)s.",
                stages=", ".join(names),
            )
        return refused

    def _get_missing_decisions(self, stage):
        """Return ``{id: decision}`` of customers without the decision they need."""
        lifecycle = stage.lifecycle_id
        if lifecycle.regress_policy != "decision":
            return {}
        stage_infos = lifecycle.stage_ids._get_stage_infos()
        target = next(info for info in stage_infos if info.id == stage.id)
        needed = {
            info.id: decision
            for info in stage_infos
            if (decision := engine.get_required_decision(info, target, stage_infos))
        }
        self.flush_recordset(["decision", "lifecycle_id", "stage_id"])
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT p.id, needed.decision
                      FROM crm_lifecycle_profile AS p
                      JOIN unnest(%s::int[], %s::text[]) AS needed (stage_id, decision)
                        ON needed.stage_id = p.stage_id
                     WHERE p.id = ANY(%s) AND p.lifecycle_id = %s
                       AND p.decision IS DISTINCT FROM needed.decision
                    """,
                    list(needed),
                    list(needed.values()),
                    self.ids,
                    lifecycle.id,
                )
            )
        )

    def _get_forbidden_skips(self, stage):
        """Return ``{id: skipped stages}`` of customers who may not skip them."""
        lifecycle = stage.lifecycle_id
        if lifecycle.skip_policy != "forbid":
            return {}
        self.flush_recordset(["lifecycle_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM crm_lifecycle_profile "
                "WHERE id = ANY(%s) AND lifecycle_id = %s ORDER BY id",
                self.ids,
                lifecycle.id,
            )
        )
        return self.browse(row[0] for row in rows)._get_skipped_stages(stage)

    def _get_skipped_stages(self, stage):
        """Return ``{id: skipped stages}`` of customers who would skip stages."""
        stage_infos = stage.lifecycle_id.stage_ids._get_stage_infos()
        target = next(info for info in stage_infos if info.id == stage.id)
        below = engine.get_missing_stages(stage_infos, (), target)
        if not below:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, v.entered_ids
                  FROM unnest(%(ids)s::int[]) AS p (id)
             LEFT JOIN (SELECT h.profile_id,
                               array_agg(DISTINCT stage.id) AS entered_ids
                          FROM crm_lifecycle_history AS h
                         CROSS JOIN LATERAL (
                               SELECT h.to_stage_id
                                UNION ALL
                               SELECT passed.id::int
                                 FROM jsonb_array_elements_text(h.passed_stages)
                                   AS passed (id)
                               ) AS stage (id)
                         WHERE h.profile_id = ANY(%(ids)s)
                           AND h.lifecycle_id = %(lifecycle)s
                           AND h.is_voided IS NOT TRUE
                         GROUP BY h.profile_id) AS v ON v.profile_id = p.id
                 WHERE (%(target)s = ANY(v.entered_ids)
                        OR v.entered_ids @> %(below)s::int[])
                       IS NOT TRUE
                """,
                ids=self.ids,
                lifecycle=stage.lifecycle_id.id,
                target=stage.id,
                below=[info.id for info in below],
            )
        )
        return {
            profile_id: engine.get_missing_stages(
                stage_infos, entered_ids or (), target
            )
            for profile_id, entered_ids in rows
        }
