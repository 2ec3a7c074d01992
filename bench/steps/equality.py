"""Comparison of incremental runs with full builds, row by row."""

from .common import count_rows, get_companies, get_last_day

TABLE = "crm_lifecycle_profile"
# Columns other than facts that must be the same after a full build.
STATE = ("active", "lifecycle_id", "stage_id", "stage_date", "follow_up_date")
SUBJECT = ("partner_id", "lead_id", "company_id")


def compare_with_full_build(env):
    """Compare the result of nightly runs with full builds, and roll these back.

    The first comparison is with a rebuild of existing profiles: facts, stages and tags.
    The second one is with a build from scratch, only of facts, because some stages can
    only be reached from another stage.
    """
    facts = _get_fact_columns(env)
    profiles = count_rows(env, TABLE)
    result = {"profiles": profiles}
    env.cr.execute(f"CREATE TEMPORARY TABLE bench_before AS SELECT * FROM {TABLE}")
    env.cr.execute(
        "CREATE TEMPORARY TABLE bench_tags AS "
        "SELECT * FROM crm_lifecycle_profile_tag_rel"
    )
    _run_all(env)
    result["rebuild_differs"] = _count_differences(env, [*STATE, *facts])
    result["tags_differ"] = _count_tag_differences(env)
    env.cr.execute(f"TRUNCATE {TABLE} CASCADE")
    # Only facts are compared, so no customer has to move.
    env.cr.execute("UPDATE crm_lifecycle SET state = 'archived'")
    env.invalidate_all()
    _run_all(env)
    result["rebuilt_profiles"] = count_rows(env, TABLE)
    result["nothing_differs"] = _count_differences(env, facts)
    env.cr.rollback()
    return result


def _run_all(env):
    """Run a full build in this transaction."""
    for company in get_companies(env):
        env["crm.lifecycle"]._run(company, get_last_day(env), full=True)
    env.flush_all()


def _get_fact_columns(env):
    Profile = env["crm.lifecycle.profile"]
    return [name for name in Profile._get_fact_fields() if Profile._fields[name].store]


def _count_differences(env, columns):
    """Return how many customers differ, or are in only one of the two.

    An idle profile, with its last document cancelled or deleted, stays, but a build
    from scratch doesn't create it. It is left out if it is empty in both.
    """
    names = ", ".join(f"{{side}}.{name}" for name in columns)
    key = ", ".join(f"COALESCE({n}, 0)" for n in SUBJECT)
    env.cr.execute(
        f"""
        SELECT COUNT(*)
          FROM (SELECT ARRAY[{key}] AS key, * FROM bench_before
                 WHERE active OR first_seen_date IS NOT NULL) AS a
     FULL JOIN (SELECT ARRAY[{key}] AS key, * FROM {TABLE}
                 WHERE active OR first_seen_date IS NOT NULL) AS b USING (key)
         WHERE a.id IS NULL OR b.id IS NULL
            OR ({names.format(side="a")}) IS DISTINCT FROM ({names.format(side="b")})
        """
    )
    return env.cr.fetchone()[0]


def _count_tag_differences(env):
    env.cr.execute(
        """
        SELECT COUNT(*)
          FROM bench_tags AS a
     FULL JOIN crm_lifecycle_profile_tag_rel AS b USING (profile_id, tag_id)
         WHERE a.profile_id IS NULL OR b.profile_id IS NULL
        """
    )
    return env.cr.fetchone()[0]
