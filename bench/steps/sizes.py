"""Disk usage of our tables, compared with the table of orders."""

from .common import count_rows

MEGABYTE = 1024 * 1024


def measure_sizes(env):
    """Return MB of rows and indexes by table, and of our indexes on other tables."""
    env.cr.execute(
        """
        SELECT relname, pg_table_size(oid), pg_indexes_size(oid)
          FROM pg_class
         WHERE relkind = 'r' AND relpersistence = 'p'
           AND (relname LIKE 'crm_lifecycle%%' OR relname = 'sale_order')
         ORDER BY pg_total_relation_size(oid) DESC, relname
        """
    )
    tables = [
        {
            "table": name,
            "heap": heap / MEGABYTE,
            "indexes": indexes / MEGABYTE,
            "rows": count_rows(env, name),
        }
        for name, heap, indexes in env.cr.fetchall()
    ]
    env.cr.execute(
        """
        SELECT tablename, indexname, pg_relation_size(format('%I', indexname)::regclass)
          FROM pg_indexes
         WHERE indexname LIKE '%lifecycle%' AND tablename NOT LIKE 'crm_lifecycle%'
         ORDER BY 1, 2
        """
    )
    foreign = [
        {"table": table, "index": index, "size": size / MEGABYTE}
        for table, index, size in env.cr.fetchall()
    ]
    return {"tables": tables, "foreign_indexes": foreign}
