"""Who may do what here; see tests/access_matrix.py."""

ROLES = {"agent": "helpdesk_mgmt.group_helpdesk_user"}


def make(world):
    """Return a ticket of the helpdesk."""
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
