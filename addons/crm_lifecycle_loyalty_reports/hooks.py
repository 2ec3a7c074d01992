def uninstall_hook(env):
    """Give the statement of points its own paper back."""
    report = env.ref("crm_loyalty.action_report_statement", raise_if_not_found=False)
    if report:
        report.paperformat_id = env.ref("crm_loyalty.paperformat_statement")
