"""The effect of autovacuum over time, at once, for tests that count rows read."""


def summarize_ranges(env):
    """Summarize the block ranges of our BRIN indexes, as autovacuum does.

    The indexes are rebuilt, since the summary of a range never shrinks, and other
    tests, which were rolled back, have left the timestamps of their rows in it.
    """
    env.flush_all()
    env.cr.execute(
        "SELECT relname FROM pg_class WHERE relname LIKE '%\\_lifecycle\\_%\\_idx' "
        "AND relam = (SELECT oid FROM pg_am WHERE amname = 'brin') ORDER BY relname"
    )
    for [name] in env.cr.fetchall():
        env.cr.execute(f'REINDEX INDEX "{name}"')
