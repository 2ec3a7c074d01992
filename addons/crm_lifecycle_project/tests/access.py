"""Expected access rights in this addon; see tests/access_matrix.py."""

SEARCHES = """
    project.task.lifecycle_category
    project.task.lifecycle_profile_id
    project.task.lifecycle_stage_id
"""


ROLES = {"worker": "project.group_project_user"}


def make(world):
    """Return tickets of a service desk that all project users may read."""
    desk = world.env["project.project"].create(
        {
            "name": "Access",
            "lifecycle_is_service_desk": True,
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


OPENS = """
    crm.lifecycle.profile.mixin.action_open_service_tasks
    crm.lifecycle.profile.mixin.action_new_service_task
    crm.lifecycle.ticket.customer.action_open_service_tasks
    crm.lifecycle.ticket.customer.action_new_service_task
"""

METHODS = """
model                 methods                                           public portal employee seller leader manager accountant technician admin worker
res.partner           action_open_service_tasks,action_new_service_task -      -      x        x      x      x       x          x          x     x
crm.lead              action_open_service_tasks,action_new_service_task -      -      -        x      x      x       -          -          x     -
crm.lifecycle.profile action_open_service_tasks,action_new_service_task -      -      -        x      x      x       -          -          x     -
sale.order            action_open_service_tasks,action_new_service_task -      -      -        x      x      x       x          -          x     x
project.task          action_open_lifecycle_profile                     -      -      -        x      x      x       -          -          x     -
"""

FIELDS = """
model                 fields                                          public portal employee seller leader manager accountant technician admin worker
res.partner           lifecycle_service_task_count                              -      -      -        -      -      -       -          -          -     r
res.users             lifecycle_service_task_count                              -      -      -        -      -      -       -          -          -     r
sale.order            lifecycle_service_task_count                              -      -      -        -      -      -       -          -          -     r
crm.lead              lifecycle_service_task_count                              -      -      -        -      -      -       -          -          -     -
crm.lifecycle.profile lifecycle_service_task_count                              -      -      -        -      -      -       -          -          -     -
project.task          lifecycle_profile_id,lifecycle_stage_id         -      -      -        r      r      r       -          -          r     -
project.task          lifecycle_stage,lifecycle_category              -      -      r        r      r      r       r          r          r     r
project.task          lifecycle_health,lifecycle_health_reasons       -      -      r        r      r      r       r          r          r     r
project.task          lifecycle_tier,lifecycle_guidance               -      -      r        r      r      r       r          r          r     r
project.task          lifecycle_follow_up_date,lifecycle_open_tickets -      -      r        r      r      r       r          r          r     r
project.task          lifecycle_rule_id                               -      -      r        r      r      r       r          r          r     rw
project.task          lifecycle_is_service_ticket                               -      -      r        r      r      r       r          r          r     r
project.project       lifecycle_is_service_desk                                 -      -      r        r      r      r       r          r          r     r
"""
