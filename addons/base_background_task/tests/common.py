"""Three contacts, and tasks that give them a job title."""

import contextlib
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

LOGGER = "odoo.addons.base_background_task.worker"


def task_promote(partners, progress, title, batch_size=1):
    """Write a job title batch by batch; the method of the tests' tasks."""
    progress.begin("Promoting", total=len(partners))
    for index in range(0, len(partners), batch_size):
        batch = partners[index : index + batch_size]
        progress.run_batch(batch.write, {"function": title})
        progress.advance(len(batch))
    return {
        "outcome": f"{len(partners)} promoted.",
        "action": {"res_id": partners[0].id},
    }


class BackgroundTaskCase(TransactionCase):
    """A company with two users and three contacts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["background.task"].search([]).unlink()
        cls.company = cls.env["res.company"].create({"name": "Background & Co"})
        cls.env.user.company_ids |= cls.company
        cls.env = cls.env(
            context={
                **cls.env.context,
                "allowed_company_ids": cls.company.ids,
                "tracking_disable": True,
            }
        )
        cls.Task = cls.env["background.task"]
        cls.user = cls._user("ursula", "base.group_user,base.group_partner_manager")
        cls.colleague = cls._user("colin", "base.group_user")
        cls.admin = cls._user("ada", "base.group_user,base.group_system")
        cls.partners = cls.env["res.partner"].create(
            [{"name": f"Contact {index}"} for index in range(3)]
        )
        Partner = cls.registry["res.partner"]
        cls.startClassPatcher(
            patch.object(Partner, "_task_promote", task_promote, create=True)
        )

    @classmethod
    def _user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def _enqueue(self, partners=None, user=None, title="Director", **kwargs):
        """Start the task of the tests, and return it."""
        partners = (self.partners if partners is None else partners).with_user(
            user or self.user
        )
        action = partners.env["background.task"]._enqueue(
            partners,
            "_task_promote",
            {"title": title, **kwargs},
            name=f"Promotion of {len(partners)}",
            total=len(partners),
        )
        return self.Task.browse(action["res_id"])

    def _run_job(self):
        """Have the scheduled job run what is waiting."""
        self.env.flush_all()
        cron = self.env.ref("base_background_task.ir_cron_run_tasks")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    @contextlib.contextmanager
    def _collect_notifications(self):
        """Collect what users are notified of: ``[(user, title, type)]``."""
        notifications = []

        def send(users, kind, message, **kwargs):
            if kind == "background_task/finished":
                notifications.append((users, message["title"], message["type"]))

        with patch.object(self.registry["res.users"], "_bus_send", send):
            yield notifications
