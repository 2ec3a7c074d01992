def post_init_hook(env):
    """Have the purchases of the past counted within a minute."""
    env.ref("crm_lifecycle_sale_reports.ir_cron_purchase_month")._trigger()
