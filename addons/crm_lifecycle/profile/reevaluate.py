"""Evaluate the rules for some customers now, at the request of staff."""

from ..locks import RunUnderWay

# Number of customers evaluated while the user waits; more are left to the scheduled
# job, which starts within a minute.
MAX_SYNCHRONOUS = 200


def reevaluate(profiles):
    """Refresh the facts of customers and evaluate their rules. Return what was done.

    If they, or the pending customers before them, are many, the scheduled job does it.
    """
    profiles._mark_pending(review=True)
    Pending = profiles.env["crm.lifecycle.pending"]
    Pending._trigger_run()
    waiting = Pending.sudo().search_count([], limit=MAX_SYNCHRONOUS + 1)  # only counted
    if waiting > MAX_SYNCHRONOUS:
        return profiles.env._(
            "%(count)s customers are looked at in the background, within a "
            "few minutes.",
            count=len(profiles),
        )
    before = {profile: profile.stage_id for profile in profiles}
    for company in profiles.company_id:
        # A run reads the facts of every customer and document of the company.
        try:
            profiles.env["crm.lifecycle"].sudo()._run(company, quick=True)
        except RunUnderWay:
            return profiles.env._(
                "A run of %(company)s is under way. The customers are looked "
                "at once it has ended.",
                company=company.name,
            )
    profiles.invalidate_recordset()
    moved = [
        profile
        for profile in profiles.exists()._filtered_access("read")
        if profile.stage_id != before[profile]
    ]
    return profiles.env._(
        "%(count)s customers looked at, %(moved)s moved.",
        count=len(profiles),
        moved=len(moved),
    )
