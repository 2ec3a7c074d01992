"""Number of examples in tests, see `crm_lifecycle.tests.thorough`."""

from odoo.addons.crm_lifecycle.tests.thorough import THOROUGH, rounds

__all__ = ["THOROUGH", "rounds"]
