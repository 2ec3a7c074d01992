"""Moving customers from one lifecycle to another by hand."""

from odoo import models
from odoo.exceptions import UserError


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_transfer(self, lifecycle, reason):
        """Move the customers to the same kind of stage in another lifecycle.

        That is the first stage of the same category, else the first of all, as
        runs have it. Return the customers who moved.
        """
        self.check_access("write")
        lifecycle.ensure_one()
        self._check_transfer(lifecycle)
        moved = self.browse()
        for stage, members in self._group_by_stage_in(lifecycle):
            moved |= members._lifecycle_move(
                stage, origin="manual", reason=reason, is_transfer=True
            )
        moved._touch(review=True)
        return moved

    def _group_by_stage_in(self, lifecycle):
        """Return ``[(stage of the lifecycle, customers)]`` of those not in it yet."""
        stages = lifecycle.stage_ids.sorted(lambda stage: (stage.sequence, stage.id))
        outside = self.filtered(lambda profile: profile.lifecycle_id != lifecycle)
        groups = outside.grouped(lifecycle._get_stage_for).items()
        return sorted(groups, key=lambda item: stages.ids.index(item[0].id))

    def _check_transfer(self, lifecycle):
        """Refuse a lifecycle that does not run where the customers are."""
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
        strangers = company and self.filtered(lambda item: item.company_id != company)
        if strangers:
            raise UserError(
                self.env._(
                    "“%(lifecycle)s” is a lifecycle of %(company)s, and %(customer)s "
                    "is a customer of another company. Choose a lifecycle of theirs.",
                    lifecycle=lifecycle.name,
                    company=company.name,
                    customer=strangers[0].display_name,
                )
            )
