"""Who may do what here; see tests/access_matrix.py."""

ROLES = {"worker": "project.group_project_user"}


def make(world):
    """Return tickets of a service desk that all who work with projects see."""
    desk = world.env["project.project"].create(
        {
            "name": "Access",
            "is_service_desk": True,
            "company_id": world.home.id,
            "privacy_visibility": "employees",
        }
    )
    return {
        "project.project": {"here": desk},
        "project.task": {
            "here": world.env["project.task"].create(
                {
                    "name": "Access",
                    "project_id": desk.id,
                    "partner_id": world.profiles["mine"].partner_id.id,
                }
            )
        },
    }
