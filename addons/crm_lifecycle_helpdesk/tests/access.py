"""Expected access rights in this addon; see tests/access_matrix.py."""

SEARCHES = """
    helpdesk.ticket.lifecycle_category
    helpdesk.ticket.lifecycle_profile_id
    helpdesk.ticket.lifecycle_stage_id
"""


ROLES = {"agent": "helpdesk_mgmt.group_helpdesk_user"}


def make(world):
    """Return a helpdesk ticket."""
    return {
        "helpdesk.ticket": {
            "here": world.env["helpdesk.ticket"].create(
                {
                    "name": "Access",
                    "description": "Access",
                    "company_id": world.home.id,
                    "partner_id": world.profiles["mine"].partner_id.id,
                }
            )
        },
        "helpdesk.ticket.stage": {
            "here": world.env["helpdesk.ticket.stage"].create({"name": "Access"})
        },
    }


OPENS = """
    crm.lifecycle.profile.mixin.action_open_helpdesk_tickets
    crm.lifecycle.profile.mixin.action_new_helpdesk_ticket
    crm.lifecycle.ticket.customer.action_open_helpdesk_tickets
    crm.lifecycle.ticket.customer.action_new_helpdesk_ticket
"""

METHODS = """
model                 methods                                                 public portal employee seller leader manager accountant technician admin agent worker
res.partner           action_open_helpdesk_tickets,action_new_helpdesk_ticket -      -      x        x      x      x       x          x          x     x     x
crm.lead              action_open_helpdesk_tickets,action_new_helpdesk_ticket -      -      -        x      x      x       -          -          x     -     -
crm.lifecycle.profile action_open_helpdesk_tickets,action_new_helpdesk_ticket -      -      -        x      x      x       -          -          x     -     -
sale.order            action_open_helpdesk_tickets,action_new_helpdesk_ticket -      -      -        x      x      x       x          -          x     -     x
helpdesk.ticket       action_open_lifecycle_profile                           -      -      -        -      -      -       -          -          -     -     -
"""

FIELDS = """
model                 fields                                          public portal employee seller leader manager accountant technician admin agent
res.partner           lifecycle_helpdesk_ticket_number                          -      -      -        -      -      -       -          -          -     r
res.users             lifecycle_helpdesk_ticket_number                          -      -      -        -      -      -       -          -          -     r
sale.order            lifecycle_helpdesk_ticket_number                          -      -      -        -      -      -       -          -          -     -
crm.lead              lifecycle_helpdesk_ticket_number                          -      -      -        -      -      -       -          -          -     -
crm.lifecycle.profile lifecycle_helpdesk_ticket_number                          -      -      -        -      -      -       -          -          -     -
helpdesk.ticket       lifecycle_profile_id,lifecycle_stage_id         -      -      -        -      -      -       -          -          -     -
helpdesk.ticket       lifecycle_stage,lifecycle_category              -      -      -        -      -      -       -          -          -     r
helpdesk.ticket       lifecycle_health,lifecycle_health_reasons       -      -      -        -      -      -       -          -          -     r
helpdesk.ticket       lifecycle_tier,lifecycle_guidance               -      -      -        -      -      -       -          -          -     r
helpdesk.ticket       lifecycle_follow_up_date,lifecycle_open_tickets -      -      -        -      -      -       -          -          -     r
helpdesk.ticket       lifecycle_rule_id                               -      -      -        -      -      -       -          -          -     rw
"""
