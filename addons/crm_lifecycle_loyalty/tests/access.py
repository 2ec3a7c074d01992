"""Who may do what here; see tests/access_matrix.py."""

METHODS = """
model                 methods                   public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
crm.lifecycle.profile action_open_loyalty_cards -      -      -        x      x      x       -          -          x     -      -        -        -
"""
