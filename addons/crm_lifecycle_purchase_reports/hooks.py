def post_init_hook(env):
    """Trigger the refresh, to store past purchases within a minute."""
    env.ref("crm_lifecycle_purchase_reports.ir_cron_purchase_month")._trigger()
