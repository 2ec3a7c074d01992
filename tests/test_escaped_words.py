"""Texts that users typed stay text in all HTML that the addons write.

Texts of all records of the access matrix are replaced, see `typed_texts.py`.
"""

from lxml import html

from odoo.tests import TransactionCase, tagged

from .typed_texts import TypedTexts, find_live, mark


@tagged("post_install", "-at_install")
class TestEscapedWords(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.typed = TypedTexts(cls.env)
        cls.world = cls.typed.world
        cls.env = cls.world.env
        cls.profile = cls.world.profiles["mine"]
        cls.card = cls.world.cards["here"]

    def _assert_as_typed(self, text, *kinds):
        """Check that no typed text is HTML, and that some kinds can be read."""
        self.assertFalse(find_live(text))
        read = html.fragment_fromstring(str(text), create_parent="div").text_content()
        for kind in kinds:
            self.assertIn(mark(kind), read)

    # Printed documents

    def test_papers(self):
        tried = 0
        for report, model in self.typed.tables.reports:
            for name, sample in self.world.made[model].items():
                if name in ("there", "branch"):
                    continue
                records = sample.record or sample.record.create(sample.create)
                with self.subTest(report=report, record=name):
                    page, _type = self.env["ir.actions.report"]._render_qweb_html(
                        report, records.ids
                    )
                    page = page.decode()
                    self._assert_as_typed(page[page.index("<main") :])
                    tried += 1
        self.assertGreater(tried, 5)

    def test_the_papers_about_a_customer_show_the_texts(self):
        for report, kinds in (
            (
                "crm_lifecycle_privacy.report_personal_data",
                ("crm.lifecycle.stage.name",),
            ),
            (
                "crm_lifecycle_documents.action_report_customer",
                ("crm.lifecycle.stage.name", "crm.lifecycle.history.reason"),
            ),
        ):
            page, _type = self.env["ir.actions.report"]._render_qweb_html(
                report, self.profile.ids
            )
            page = page.decode()
            self._assert_as_typed(page[page.index("<main") :], *kinds)

    # Mails

    def _get_templates(self):
        data = self.env["ir.model.data"].search(
            [
                ("model", "=", "mail.template"),
                ("module", "in", self.typed.tables.addons),
            ]
        )
        return self.env["mail.template"].browse(data.mapped("res_id"))

    def test_mails_of_templates(self):
        templates = self._get_templates()
        self.assertTrue(templates)
        for template in templates:
            sample = next(iter(self.world.made[template.model].values()))
            with self.subTest(template=template.name):
                values = template._generate_template(
                    sample.record.ids, ("subject", "body_html")
                )[sample.record.id]
                self._assert_as_typed(values["body_html"], "res.partner.name")
                self.assertNotIn("54444439", values["subject"])

    def test_a_scheduled_report(self):
        samples = self.world.made["crm.lifecycle.mailing.delivery"]
        delivery = samples["here"].record
        delivery.user_id.email = "manager@example.com"
        delivery.mailing_id.lifecycle_id = self.world.running
        delivery._queue_mail()
        mail = self.env["mail.mail"].search([], order="id desc", limit=1)
        self.assertIn(self.world.home.name, mail.subject)
        self._assert_as_typed(mail.body_html)

    def test_the_mail_about_a_run_that_failed(self):
        run = self.world.made["crm.lifecycle.run"]["here"].record
        run._mail_administrators(type(run)._describe_problem)
        mail = self.env["mail.mail"].search(
            [("subject", "like", self.world.home.name)], order="id desc", limit=1
        )
        self._assert_as_typed(mail.body_html, "crm.lifecycle.run.error")

    # Messages and tasks

    def test_the_task_of_who_approves_points(self):
        """The reason entered by one user was HTML in the task of another user."""
        adjustment = self.env["crm.loyalty.adjustment"].create(
            {"card_id": self.card.id, "points": 70, "reason": mark("reason")}
        )
        adjustment.action_ask()
        self.assertTrue(adjustment.activity_ids)
        for task in adjustment.activity_ids:
            self._assert_as_typed(task.note, "reason")

    def test_the_task_about_a_tier_that_is_lost(self):
        """So was the name of a tier."""
        tiers = self.card.program_id.crm_loyalty_tier_ids.sorted("threshold")
        today = self.card.program_id._get_loyalty_today()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_card SET crm_loyalty_tier_until = %s WHERE id = %s",
            [today, self.card.id],
        )
        self.card.invalidate_recordset()
        row = (today, self.card, *tiers[::-1], 5)
        task = self.card.program_id._create_downgrade_activities([row])
        self._assert_as_typed(task.note, "crm.loyalty.tier.name")

    def test_a_call_that_was_logged(self):
        call = self.env["crm.lifecycle.profile.call"].create(
            {"profile_id": self.profile.id, "note": mark("call")}
        )
        call.action_log()
        self._assert_as_typed(self.profile.message_ids[0].body, "call")

    def test_what_a_file_had_that_was_left_out(self):
        lifecycle = self.world.running
        lifecycle._log_skipped_parts([mark("line")])
        self._assert_as_typed(lifecycle.message_ids[0].body, "line")

    def test_a_ticket_that_a_rule_assigned(self):
        rule = self.world.made["crm.lifecycle.ticket.rule"]["here"].record
        for model in ("helpdesk.ticket", "project.task"):
            ticket = self.world.made[model]["here"].record
            ticket._message_log(body=rule._explain(ticket))
            self._assert_as_typed(
                ticket.message_ids[0].body, "crm.lifecycle.ticket.rule.name"
            )

    def test_the_end_of_work_in_the_background(self):
        task = self.world.made["background.task"]["mine"].record
        task.write({"state": "failed", "outcome": False, "error": mark("error")})
        task._notify_user()
        message = self.env["mail.message"].search(
            [("model", "=", task._name), ("res_id", "=", task.id)], limit=1
        )
        self._assert_as_typed(message.body, "error")

    def test_explanations_and_results(self):
        """All HTML that is made of typed texts, for all records."""
        tried = 0
        for model, samples in self.world.made.items():
            fields = [
                name
                for name, field in self.env[model]._fields.items()
                if field.type == "html"
                and set(field._modules) & set(self.typed.tables.addons)
            ]
            for name, sample in samples.items():
                if name in ("there", "branch") or not fields:
                    continue
                record = sample.record
                if not record and sample.create:
                    record = record.create(sample.create)
                for field in fields if record else ():
                    with self.subTest(model=model, field=field, record=name):
                        self._assert_as_typed(record[field] or "")
                        tried += 1
        self.assertGreater(tried, 20)
