"""Responsible users of playbook activities."""

# Who is responsible for an activity, besides a fixed user. Activity plans and
# follow-ups use these names.
SALESPERSON = "lifecycle_salesperson"
OWNER = "lifecycle_owner"
LEADER = "lifecycle_leader"
RESPONSIBLES = [
    (SALESPERSON, "Salesperson"),
    (OWNER, "Account owner"),
    (LEADER, "Team leader"),
]
# Fallbacks where a responsible is missing, in order.
FALLBACK_ROLES = {
    SALESPERSON: (SALESPERSON, OWNER, LEADER),
    OWNER: (OWNER, SALESPERSON, LEADER),
    LEADER: (LEADER, SALESPERSON, OWNER),
}
