"""A run in parts, which several workers or several nodes do at the same time."""

from odoo import fields, models
from odoo.tools import SQL

from ..engine.scope import Shard

COUNTS = (
    "profile_count",
    "created_count",
    "refreshed_count",
    "moved_count",
    "left_count",
    "collect_seconds",
    "refresh_seconds",
    "evaluate_seconds",
    "move_seconds",
)


class CrmLifecycleRun(models.Model):
    """A shard is a run of its own below the whole one.

    It refreshes and moves an equal part of the customers. Whatever a shard
    leaves, since it failed or since somebody else held a row, the whole run
    does when the shards have ended.
    """

    _inherit = "crm.lifecycle.run"

    parent_id = fields.Many2one(
        comodel_name="crm.lifecycle.run",
        string="Part of",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    child_ids = fields.One2many(
        comodel_name="crm.lifecycle.run",
        inverse_name="parent_id",
        string="Shards",
        readonly=True,
    )
    shard = fields.Integer(readonly=True, aggregator=None)
    shard_count = fields.Integer(string="Of", readonly=True, aggregator=None)

    def _get_shard(self):
        """Return the `Shard` that the run is about, None for the whole."""
        self.ensure_one()
        return Shard(self.shard, self.shard_count) if self.parent_id else None

    def _get_waiting_count(self):
        """Return how many subjects are on the work list of the company."""
        self.env.flush_all()
        [[count]] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM crm_lifecycle_touch WHERE company_id = %s",
                self.company_id.id,
            )
        )
        return count

    def _hand_out(self, checkpoint):
        """Extension point: have others do the work of a run. Return whether they do.

        Called once the work list is complete. Who answers True splits the run
        (`_split`), has the shards executed, and has `_finish` called at last.
        """
        return False

    def _split(self, count):
        """Return the shards of the run, ``count`` new runs below it."""
        self.ensure_one()
        return self.create(
            [
                {
                    "company_id": self.company_id.id,
                    "as_of": self.as_of,
                    "kind": self.kind,
                    "parent_id": self.id,
                    "shard": index,
                    "shard_count": count,
                }
                for index in range(count)
            ]
        )

    def _finish(self, checkpoint=None):
        """Do what the shards have left, add up what they did, and end the run."""
        self.ensure_one()
        run = self.with_company(self.company_id).with_context(active_test=False)
        return run._keep_account(checkpoint, run._finish_work)

    def _finish_work(self, checkpoint):
        self._phase_refresh(checkpoint, self._get_scope())
        self._phase_move(checkpoint)
        self._attempt(checkpoint, self._add_up_shards)
        self._checkpoint(checkpoint)
        return True

    def _add_up_shards(self, seconds=sum):
        """Count what the shards did as done by the run."""
        for name in COUNTS:
            add_up = seconds if name.endswith("_seconds") else sum
            self[name] += add_up(self.child_ids.mapped(name))
