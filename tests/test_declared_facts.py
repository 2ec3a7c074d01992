from odoo.tests import TransactionCase, tagged

from odoo.addons.crm_lifecycle.engine.facts import read_facts

from tests.access_matrix import ADDONS


@tagged("post_install", "-at_install")
class TestDeclaredFacts(TransactionCase):
    """Each addon declares its facts, for databases without the addon."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Profile = cls.env["crm.lifecycle.profile"]
        cls.declared = read_facts(sorted(map(str, ADDONS.iterdir())))

    def test_all_facts_beyond_the_base_are_declared(self):
        facts = {
            name
            for name in self.Profile._get_fact_fields()
            if self.Profile._fields[name]._modules[0] != "crm_lifecycle"
        }
        self.assertEqual(facts, set(self.declared))

    def test_a_declaration_has_the_labels_of_the_field(self):
        for lang in ("en_US", "zh_CN"):
            labels = self.Profile.with_context(lang=lang).fields_get(
                self.declared, ["string"]
            )
            for name, info in self.declared.items():
                self.assertEqual(info.label[lang], labels[name]["string"], name)

    def test_a_fact_is_named_whether_or_not_its_addon_is_installed(self):
        Template = self.env["crm.lifecycle.template"].with_context(lang="zh_CN")
        self.assertEqual(Template._get_fact_origin("order_count"), "购买")
        self.assertEqual(Template._get_fact_label("order_count"), "订单数")
        self.assertEqual(Template._get_fact_origin("no_such_fact"), "")
        self.assertEqual(Template._get_fact_label("no_such_fact"), "no_such_fact")
