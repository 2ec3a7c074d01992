"""Only users of its companies change a record of a model with an optional company."""

from odoo.tests import TransactionCase, tagged

from tests import access_matrix as matrix

MIXINS = ("crm.lifecycle.company.mixin", "crm.loyalty.company.mixin")
# Rows of customers, cards and limits: code writes them within the rights on these.
WRITTEN_BY_OTHERS = {
    "background.task",
    "crm.lifecycle.history",
    "crm.lifecycle.mailing.delivery",
    "crm.lifecycle.profile",
    "crm.lifecycle.purchase",
    "crm.lifecycle.purchase.month",
    "crm.lifecycle.purchase.month.pending",
    "crm.lifecycle.risk.case",
    "crm.lifecycle.rebuild",
    "crm.lifecycle.run",
    "crm.lifecycle.survey.respondent",
    "crm.lifecycle.playbook.log",
    "crm.lifecycle.test",
    "crm.lifecycle.pending",
    "crm.lifecycle.growth.event",
    "crm.lifecycle.version",
    "crm.lifecycle.visit",
    "crm.loyalty.limit.change",
    "crm.loyalty.adjustment",
    "crm.loyalty.entry",
    "crm.loyalty.tier.history",
}


@tagged("post_install", "-at_install")
class TestCompanyOwners(TransactionCase):
    def test_every_model_with_a_company_is_decided_about(self):
        """A new model has the mixin, or its rows are written by other code."""
        addons = matrix.Tables(self.env).addons
        undecided = set()
        for name in matrix.get_models(self.env, addons):
            model = self.env[name]
            if "company_id" not in model._fields or not model._auto:
                continue
            is_kept = any(
                isinstance(model, self.registry[mixin])
                for mixin in MIXINS
                if mixin in self.registry
            )
            if not is_kept and name not in WRITTEN_BY_OTHERS:
                undecided.add(name)
        self.assertFalse(undecided)

    def test_every_reference_that_is_checked_is_a_field(self):
        """A renamed field would no longer be checked."""
        mixin = self.registry["crm.lifecycle.reference.mixin"]
        checked = [
            model
            for model in map(self.env.__getitem__, self.registry)
            if isinstance(model, mixin) and not model._abstract
        ]
        self.assertTrue(checked)
        for model in checked:
            self.assertTrue(model._readable_fields, model._name)
            for name in model._readable_fields:
                self.assertTrue(model._fields[name].relational, f"{model._name}.{name}")
