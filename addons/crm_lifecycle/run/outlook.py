"""What the rules would do with some customers on a later day."""

from dataclasses import dataclass
from datetime import date, timedelta

from odoo import models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.domains import QUERY_ERRORS
from . import evaluate


@dataclass(frozen=True)
class OutlookMove:
    """A move that rules would make, if nothing happens before its day.

    ``rule`` is empty if another lifecycle takes the customer.
    """

    day: date
    stage: models.BaseModel
    rule: models.BaseModel


@dataclass(frozen=True)
class Outlook:
    """Evaluates conditions as of a day, like the `Session` of a run, without a run.

    It finds customers who may be moved on the day: not pinned, held or objecting.
    """

    company: models.BaseModel
    as_of: date

    @property
    def env(self):
        return self.company.env

    def get_moves(self, profiles) -> dict[int, OutlookMove]:
        """Return ``{profile id: move}`` of the next move of each customer on the day.

        The number of queries depends on the rules, not on the customers. If conditions
        can't be evaluated, the result is empty: runs report them.
        """
        profiles.flush_recordset(["lifecycle_id", "stage_id"])
        lifecycles = self.env["crm.lifecycle"]._get_active(self.company)
        own = lifecycles & profiles.lifecycle_id
        unusable = [
            item for item in (*lifecycles, *own.rule_ids) if not self._is_usable(item)
        ]
        try:
            with self.env.cr.savepoint(flush=False):
                rows = self._fetch(profiles, lifecycles, own, unusable)
        except QUERY_ERRORS:
            return {}
        found = {}
        for profile_id, stage_id, rule_id in rows:
            if stage_id or (rule_id or 0) > 0:
                found.setdefault((stage_id, rule_id), []).append(profile_id)
        moves = {}
        for (stage_id, rule_id), profile_ids in found.items():
            rule = self.env["crm.lifecycle.rule"].browse([] if stage_id else [rule_id])
            stage = rule.to_stage_id or self.env["crm.lifecycle.stage"].browse(stage_id)
            members = profiles.browse(profile_ids)
            refused = {
                *members._get_missing_decisions(stage),
                *members._get_forbidden_skips(stage),
            }
            move = OutlookMove(self.as_of, stage, rule)
            moves |= dict.fromkeys(set(profile_ids) - refused, move)
        return moves

    def _is_usable(self, item):
        try:
            item._get_domain(self.as_of)
        except ValidationError:
            return False
        return True

    def _fetch(self, profiles, lifecycles, own, unusable):
        """Return ``(profile id, stage of another lifecycle, rule id)`` of each."""
        domain = Domain("id", "in", profiles.ids) & evaluate.get_base_domain(self)
        query = profiles._search(domain)
        rule = evaluate.get_rule_case(
            self,
            own,
            own.rule_ids.filtered("active"),
            query,
            unusable,
            blocks_return=False,
        )
        stage = SQL("NULL::int")
        if lifecycles:
            stage = evaluate.get_target_case(self, lifecycles, query, unusable)
        return self.env.execute_query(
            query.select(SQL.identifier(query.table, "id"), stage, rule)
        )


def get_outlook(profiles) -> dict[int, OutlookMove]:
    """Return ``{profile id: move}`` that rules would make once the hold ends.

    Without a hold, rules apply from tomorrow on.
    """
    # sudo: users who see the customers may see what decides about them.
    profiles = profiles.sudo().with_context(active_test=False)
    moves = {}
    for (company, day), members in profiles.grouped(_get_first_day).items():
        moves |= Outlook(company, day).get_moves(members)
    return moves


def _get_first_day(profile):
    """Return the company of a customer, and the day from which rules may move them."""
    company = profile.company_id
    tomorrow = company._lifecycle_today() + timedelta(days=1)
    return company, max(tomorrow, profile.held_until or tomorrow)
