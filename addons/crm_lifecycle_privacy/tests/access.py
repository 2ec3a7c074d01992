"""Who may do what here; see tests/access_matrix.py."""

from odoo.fields import Command


def make(world):
    """Return the question before persons are erased, of customers here and there."""
    Erase = world.env["crm.lifecycle.erase"]
    return {
        "crm.lifecycle.erase": {
            name: (
                Erase,
                None,
                {"profile_ids": [Command.set(world.profiles[name].ids)]},
            )
            for name in ("mine", "there")
        },
        "crm.lifecycle.erase.line": {
            "line": (world.env["crm.lifecycle.erase.line"], None, {"name": "Contact"}),
        },
    }


OPENS = """
    crm.lifecycle.profile.action_export_personal_data
    crm.lifecycle.profile.action_open_erase
    crm.lifecycle.erase.action_open_unprinted_invoices
"""

MODELS = """
model                    record public portal employee seller leader manager technician admin
crm.lifecycle.erase      mine   -      -      -        -      -      -       -          c
crm.lifecycle.erase      there  -      -      -        -      -      -       -          -
crm.lifecycle.erase.line line   -      -      -        -      -      -       -          -
"""

METHODS = """
model                 methods                         public portal employee seller leader manager technician admin
res.config.settings   action_open_lifecycle_retention -      -      -        -      -      -       -          x
crm.lifecycle.profile action_erase                    -      -      -        -      -      -       -          x
crm.lifecycle.erase   action_erase                    -      -      -        -      -      -       -          x
"""

FIELDS = """
model                 fields                     public portal employee seller leader manager technician admin
res.config.settings   lifecycle_retention_months -      -      -        -      -      -       rw         rw
res.company           lifecycle_retention_months -      -      r        r      r      r       rw         rw
crm.lifecycle.profile personal_data_file         -      -      -        -      -      r       -          r
"""

REPORTS = """
report                                            model                 public portal employee seller leader manager technician admin
crm_lifecycle_privacy.action_report_personal_data crm.lifecycle.profile -      -      -        -      -      x       -          x
"""
