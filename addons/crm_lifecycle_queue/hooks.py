"""Jobs are of no use without the addon that knows how to do them."""


def uninstall_hook(env):
    """End the runs that are with the queue: the next one does what they left."""
    env["crm.lifecycle.run"]._get_handed_out()._withdraw()
