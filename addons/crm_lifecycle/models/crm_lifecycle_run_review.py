"""Whom a run asks its rules about, and when they are looked at next."""

import hashlib
import time

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import bounds, domains, review

BATCH = 50000


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _take_due_for_review(self, lifecycles):
        """List whose review is due. Return whether there is anything to ask.

        Everybody's is where the lifecycles have changed since the last run, or
        all is rebuilt.
        """
        started = time.monotonic()
        self.signature = self._get_signature(lifecycles)
        due = SQL("review_date <= %s", self.as_of)
        everybody = self._is_everybody_due()
        if everybody:
            due = SQL("TRUE")
        shard = self._get_shard()
        if shard:
            mine = shard.holds(SQL("partner_id"), SQL("lead_id"))
            due = SQL("%s AND %s", due, mine)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO lifecycle_review (profile_id, facts_date, review_date)
                SELECT id, facts_date, review_date
                  FROM crm_lifecycle_profile
                 WHERE company_id = %s AND %s
                """,
                self.company_id.id,
                due,
            )
        )
        count = self.env.cr.rowcount
        self.env.cr.execute(SQL("ANALYZE lifecycle_review"))
        self._timed("evaluate", started)
        if self.kind == "quick":
            return count > 0
        return count > 0 or not all(
            self._is_foreseeable(item.domain)
            for part in (lifecycles, lifecycles.rule_ids, lifecycles.tag_ids)
            for item in part
        )

    def _get_watched(self, names):
        """Return those of some columns that a lifecycle, rule or tag asks about.

        The others may change without a look at the customer. A run on trial has
        lifecycles of its own choice: it looks at everybody who changed.
        """
        if self._is_trial():
            return set(names)
        lifecycles = self.env["crm.lifecycle"]._get_active(self.company_id)
        asked = {
            condition.field_expr
            for part in (lifecycles, lifecycles.rule_ids, lifecycles.tag_ids)
            for item in part
            for condition in self._parse(item.domain).iter_conditions()
        }
        return set(names) & (asked | {"active"})

    def _is_everybody_due(self):
        """Whether what was found out in earlier runs is of no use to this one."""
        if self._is_trial():
            return True
        if self.kind in ("quick", "replay"):
            return False
        if self.child_ids and "failed" not in self.child_ids.mapped("state"):
            return False
        last = self.search(self._get_earlier_domain(), order="id desc", limit=1)
        return self.kind == "full" or last.signature != self.signature

    def _get_signature(self, lifecycles):
        """Return a fingerprint of all that decides about moves and tags.

        With the moments of its changes: what was changed and changed back did not
        ask about the same facts in between.
        """
        parts = [
            (
                lifecycle.id,
                lifecycle.write_date,
                lifecycle.domain,
                lifecycle.skip_policy,
                lifecycle.regress_policy,
                [(s.id, s.sequence, s.category) for s in lifecycle.stage_ids],
                [
                    (
                        r.id,
                        r.write_date,
                        r.domain,
                        r.min_days,
                        r.from_stage_ids.ids,
                        r.to_stage_id.id,
                    )
                    for r in lifecycle.rule_ids
                    if r.active
                ],
                [(tag.id, tag.write_date, tag.domain) for tag in lifecycle.tag_ids],
            )
            for lifecycle in lifecycles
        ]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _add_due_to_review(self):
        """Ask further rules about those whom a rule for everybody has found."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO lifecycle_review (profile_id, facts_date, review_date)
                SELECT p.id, p.facts_date, p.review_date
                  FROM lifecycle_due AS d
                  JOIN crm_lifecycle_profile AS p ON p.id = d.profile_id
                    ON CONFLICT DO NOTHING
                """
            )
        )

    # ------------------------------------------------------------
    # The next review
    # ------------------------------------------------------------

    def _get_turns(self, text):
        """Return when conditions turn by themselves (see `engine.review`)."""
        return review.turns_of(
            self._parse(text), self.env["crm.lifecycle.profile"]._get_column_type
        )

    def _parse(self, text):
        """Return the domain that a text spells, TRUE where it can't be used.

        What can't be used waits to be corrected, whatever the day.
        """
        get_type = self.env["crm.lifecycle.profile"]._get_path_type
        try:
            domain = domains.parse(text)
            domains.resolve(domain, self.as_of, get_type)
        except domains.DomainError:
            return Domain.TRUE
        return domain

    def _is_foreseeable(self, text):
        return self._get_turns(text) is not None

    def _set_next_review(self, lifecycles, checkpoint):
        """Note when each customer who was asked is to be asked again.

        Left out are those who have changed meanwhile, or were moved by hand: that
        set their review.
        """
        started = time.monotonic()
        self.env.flush_all()
        next_review = self._get_next_review_sql(lifecycles)
        last_id = 0
        while True:
            [[upto]] = self.env.execute_query(
                SQL(
                    """
                    SELECT MAX(profile_id)
                      FROM (SELECT profile_id FROM lifecycle_review
                             WHERE profile_id > %s ORDER BY profile_id LIMIT %s) AS r
                    """,
                    last_id,
                    BATCH,
                )
            )
            if upto is None:
                break
            self._attempt(
                checkpoint, self._write_next_review, next_review, last_id, upto
            )
            last_id = upto
            self._checkpoint(checkpoint)
        self.env["crm.lifecycle.profile"].invalidate_model(["review_date"])
        self._timed("evaluate", started)

    def _write_next_review(self, next_review, last_id, upto):
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_profile AS t
                   SET review_date = v.review_date
                  FROM (
                        SELECT p.id, %(next_review)s AS review_date
                          FROM lifecycle_review AS r
                          JOIN crm_lifecycle_profile AS p ON p.id = r.profile_id
                         WHERE r.profile_id > %(last_id)s AND r.profile_id <= %(upto)s
                           AND (p.facts_date, p.review_date)
                               IS NOT DISTINCT FROM (r.facts_date, r.review_date)
                       ) AS v
                 WHERE t.id = v.id AND t.review_date IS DISTINCT FROM v.review_date
                """,
                next_review=next_review,
                last_id=last_id,
                upto=upto,
            )
        )

    def _get_next_review_sql(self, lifecycles):
        """SQL of the next review of profile ``p``, empty where time changes nothing."""
        general = [
            turn for item in lifecycles for turn in self._get_turns(item.domain) or ()
        ]
        by_stage = SQL(" ").join(
            SQL("WHEN %s THEN %s", stage.id, self._get_review_in_stage_sql(stage))
            for stage in lifecycles.stage_ids
        )
        tomorrow = SQL("%s::date + 1", self.as_of)
        return SQL(
            "CASE WHEN p.active THEN %s END",
            review.earliest(
                [
                    *(turn.next_day("p", self.as_of) for turn in general),
                    SQL("CASE p.stage_id %s END", by_stage)
                    if by_stage
                    else SQL("NULL::date"),
                    SQL(
                        "CASE WHEN p.pinned_until >= %s THEN %s END",
                        self.as_of,
                        bounds.capped(SQL("p.pinned_until + 1")),
                    ),
                    SQL(
                        "CASE WHEN EXISTS (SELECT FROM lifecycle_left AS l "
                        "WHERE l.profile_id = p.id) THEN %s END",
                        tomorrow,
                    ),
                ]
            ),
        )

    def _get_review_in_stage_sql(self, stage):
        """SQL of the next review that the rules and tags of a stage ask for."""
        lifecycle = stage.lifecycle_id
        rules = lifecycle.rule_ids.filtered(stage._is_left_by)
        turns = [
            turn
            for item in (*rules, *lifecycle.tag_ids)
            for turn in self._get_turns(item.domain) or ()
        ]
        turns += [
            review.Turn("stage_date", rule.min_days) for rule in rules if rule.min_days
        ]
        return review.earliest(
            turn.next_day("p", self.as_of) for turn in dict.fromkeys(turns)
        )
