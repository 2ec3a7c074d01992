"""The execution of one task: call its method, store how it ended, notify its user."""

import logging

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError

from .progress import Cancelled, Progress

_logger = logging.getLogger(__name__)

# Only methods with this prefix are called: no row of a task reaches another one.
METHOD_PREFIX = "_task_"


def run_task(task, commit):
    """Run a task that this process has acquired; it ends done, failed or cancelled.

    :param task: a `background.task` with all rights
    :param commit: function that commits the transaction
    """
    try:
        progress = Progress(task, commit)
        found = call_method(task, progress) or {}
        task.env.flush_all()
        commit()
        ended = {
            "state": "done",
            "outcome": found.get("outcome"),
            "result": found.get("action"),
            "done_count": progress.done,
        }
    except Cancelled:
        task.env.cr.rollback()
        ended = {"state": "cancelled"}
    except Exception as error:
        task.env.cr.rollback()
        if not isinstance(error, UserError):
            _logger.exception("Task %s (%s) failed", task.id, task.method)
        ended = {"state": "failed", "error": get_error_text(task.env, error)}
    # The other connection has written progress: read the row again.
    task.env.invalidate_all(flush=False)
    task._finish(**ended)
    commit()


def call_method(task, progress):
    """Call the method of a task with the rights, company and language of its user."""
    user = task.user_id
    if not user.active and user.id != SUPERUSER_ID:
        raise UserError(
            task.env._("%(user)s, who started this, is archived.", user=user.name)
        )
    if not task.method.startswith(METHOD_PREFIX):
        raise UserError(
            task.env._("“%(name)s” is not the method of a task.", name=task.method)
        )
    context = {
        "lang": user.lang,
        "tz": user.tz,
        "allowed_company_ids": task.company_id.ids,
    }
    env = task.env(user=user.id, su=False, context=context)
    records = env[task.model].browse(task.res_ids or [])
    return getattr(records, task.method)(progress, **(task.arguments or {}))


def get_error_text(env, error):
    """Return what the user reads about an error."""
    if isinstance(error, UserError):
        return str(error)
    return env._(
        "An unexpected error, which is in the log of the server: %(error)s",
        error=f"{type(error).__name__}: {error}",
    )
