from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase


@tagged("post_install", "-at_install")
class TestLookup(LifecycleCase):
    """The privacy lookup finds the personal data of the lifecycle."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._customer("Ada Lovelace", email="ada@example.com")
        cls.other = cls._customer("Bob", email="bob@example.com")
        cls.lead = cls._lead(contact_name="Ada Lovelace", email_from="ada@example.com")
        cls._run()
        for profile in cls.ada | cls.other:
            cls.env["crm.lifecycle.playbook.log"].create(
                {
                    "history_id": profile.history_ids[0].id,
                    "profile_id": profile.id,
                    "company_id": cls.company.id,
                    "kind": "mail",
                    "key": "mail:1",
                    "state": "done",
                }
            )
        cls.env.flush_all()

    def _look_up(self):
        wizard = self.env["privacy.lookup.wizard"].create(
            {"name": "Ada Lovelace", "email": "ada@example.com"}
        )
        wizard.action_lookup()
        return wizard.line_ids

    def _get_found(self, lines, model):
        return sorted(
            lines.filtered(lambda line: line.res_model == model).mapped("res_id")
        )

    def test_profiles_history_and_steps_are_found(self):
        lines = self._look_up()
        lead = self._profile(self.lead)
        self.assertEqual(
            self._get_found(lines, "crm.lifecycle.profile"),
            sorted((self.ada | lead).ids),
        )
        self.assertEqual(
            self._get_found(lines, "crm.lifecycle.history"),
            sorted((self.ada | lead).history_ids.ids),
        )
        self.assertEqual(
            self._get_found(lines, "crm.lifecycle.playbook.log"),
            self.ada.playbook_log_ids.ids,
        )

    def test_cases_and_visits_are_found_and_erased(self):
        """Deleting them would change the sums."""
        for model, vals in (
            ("crm.lifecycle.risk.case", {"lesson": "Ada is cross"}),
            ("crm.lifecycle.visit", {"note": "Ada likes tea"}),
        ):
            if model not in self.env:
                continue
            record = self.env[model].create({"profile_id": self.ada.id, **vals})
            self.env.flush_all()
            lines = self._look_up()
            self.assertEqual(self._get_found(lines, model), record.ids)
            line = lines.filtered(lambda item, name=model: item.res_model == name)
            line.action_unlink()
            self.assertTrue(record.exists())
            self.assertFalse(any(record[name] for name in vals))
            self.ada.erased_date = False
            self.ada.partner_id.write(
                {"name": "Ada Lovelace", "email": "ada@example.com", "active": True}
            )

    def test_deleting_what_was_found_anonymises_it(self):
        """The history can't be deleted, so the person is anonymised instead."""
        line = self._look_up().filtered(
            lambda item: (
                item.res_model == "crm.lifecycle.history"
                and item.res_id in self.ada.history_ids.ids
            )
        )[:1]
        line.action_unlink()
        self.assertTrue(self.ada.erased_date)
        self.assertTrue(line.is_unlinked)
        self.assertIn("Anonymised", line.execution_details)
        self.assertTrue(self.ada.history_ids)
        self.assertFalse(self.other.erased_date)
        self.assertFalse(
            self._get_found(self._look_up(), "crm.lifecycle.profile")
            and self.ada.id in self._get_found(self._look_up(), "crm.lifecycle.profile")
        )

    def test_all_of_it_can_be_deleted_at_once(self):
        lines = self._look_up().filtered(
            lambda item: item.res_model.startswith("crm.lifecycle")
        )
        lines.action_unlink_all()
        self.assertTrue(all(lines.mapped("is_unlinked")))
