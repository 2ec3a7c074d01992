"""Have pending customers refreshed by all sources: their bits have a new order."""

from odoo.addons.crm_lifecycle.engine.scope import ALL_TOPICS


def migrate(cr, version):
    cr.execute("UPDATE crm_lifecycle_pending SET topics = %s", [ALL_TOPICS])
