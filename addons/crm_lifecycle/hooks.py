"""What installation leaves behind that uninstallation has to take away."""


def uninstall_hook(env):
    """Remove what points to our models without a foreign key."""
    models = ("crm.lifecycle.profile", "crm.lifecycle", "crm.lifecycle.task")
    for name in ("mail.activity", "ir.attachment"):
        env[name].with_context(active_test=False).search(
            [("res_model", "in", models)]
        ).unlink()
    env["mail.message"].search([("model", "in", models)]).unlink()
    env["mail.followers"].search([("res_model", "in", models)]).unlink()
