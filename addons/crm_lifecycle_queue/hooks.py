"""Uninstall hook: without this addon, its queued jobs can't run."""


def uninstall_hook(env):
    """Fail the runs that are with the queue. The next run does their work."""
    env["crm.lifecycle.run"]._get_dispatched()._cancel_dispatched()
