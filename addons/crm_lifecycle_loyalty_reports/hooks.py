def uninstall_hook(env):
    """Restore the original paper format of the statement of points."""
    report = env.ref("crm_loyalty.action_report_statement", raise_if_not_found=False)
    if report:
        report.paperformat_id = env.ref("crm_loyalty.paperformat_statement")
