"""A run as plain classes and functions around the model `crm.lifecycle.run`.

`phases` has the order of the phases; each phase is a module that works on a `Session`:

======================  =============================================================
`mode.RunMode`          what runs of a kind do, and what they skip
`session.Session`       a run in progress: record, mode, checkpoint, progress, scope
`lock`                  one run of a company at a time
`collect`, `windows`    which customers may have changed, and changes by passing days
`refresh`               facts of the customers on the work list
`conditions`            evaluating the conditions of rules, tags and lifecycles
`evaluate`, `moves`     which customers are due, and moving them
`tags`, `review`        tags by conditions, and the day of the next review
`shards`                a big run on several connections
`replay`, `preview`     runs in the past, and runs that write nothing
`rebuild`               a replay that replaces the past of an active lifecycle
======================  =============================================================
"""
