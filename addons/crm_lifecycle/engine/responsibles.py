"""Whom the activities of playbooks are for."""

# Whom an activity is for, beside a fixed user. Plans of activities and follow-ups
# know them by these names.
SALESPERSON = "lifecycle_salesperson"
OWNER = "lifecycle_owner"
LEADER = "lifecycle_leader"
RESPONSIBLES = [
    (SALESPERSON, "Salesperson"),
    (OWNER, "Account owner"),
    (LEADER, "Team leader"),
]
# Who stands in where there is nobody, in order.
STAND_INS = {
    SALESPERSON: (SALESPERSON, OWNER, LEADER),
    OWNER: (OWNER, SALESPERSON, LEADER),
    LEADER: (LEADER, SALESPERSON, OWNER),
}
