"""Expected access rights in this addon; see tests/access_matrix.py."""

METHODS = """
model                 methods                   public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
crm.lifecycle.profile action_open_loyalty_cards -      -      -        x      x      x       -          -          x     -      -        -        -
"""

FIELDS = """
model              fields                    public portal employee seller leader manager technician admin
res.partner        lifecycle_loyalty_points  -      -      -        r      r      r       -          r
res.partner        lifecycle_loyalty_tier_id -      -      -        r      r      r       -          r
res.users          lifecycle_loyalty_points  -      -      -        r      r      r       -          r
res.users          lifecycle_loyalty_tier_id -      -      -        r      r      r       -          r
crm.lead           lifecycle_loyalty_points  -      -      -        r      r      r       -          r
crm.lead           lifecycle_loyalty_tier_id -      -      -        r      r      r       -          r
loyalty.program    lifecycle_stage_ids       -      -      -        r      r      rw      -          rw
crm.loyalty.bonus.rule lifecycle_stage_ids       -      -      -        r      r      rw      -          rw
"""
