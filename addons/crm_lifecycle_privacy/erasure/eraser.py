"""Erasing what a `Finder` has found, by sets."""

from collections import defaultdict

from odoo.tools import SQL, split_every
from odoo.tools.sql import column_exists

from odoo.addons.crm_lifecycle.personal_data import DELETE, KEEP, get_text_columns

from .identifiers import Identifiers
from .persons import read_persons
from .sweep import sweep
from .texts import read_texts, scrub_text

BATCH = 5000


class Eraser:
    """Erases the records of persons in one transaction.

    The rows are written by SQL. Neither automation rules nor tracking see the change,
    since both would store the old values again.
    """

    def __init__(self, finder):
        self.env = finder.env
        self.finder = finder
        self.persons = read_persons(self.env)

    def erase(self, advance=None):
        """Erase, then forget all cached values.

        :param advance: called with 1 after each model
        """
        models = self.finder.models
        for model in models:
            self._scrub(model)
        for model in models:
            if model.method:
                getattr(self._get_own(model), model.method)()
        self.env.flush_all()
        # Rows that refer to others come last in the list, and go first.
        for model in reversed(models):
            self._erase_model(model)
            if advance:
                advance(1)
        sweep(self.env, Identifiers.merge(self.persons.values()))
        self.env.invalidate_all()
        self.env.registry.clear_cache()  # of users who can't log in any more

    def _get_own(self, model):
        return self.finder.get_records(model.name)

    def _get_table(self, model):
        return SQL.identifier(self.env[model.name]._table)

    # ------------------------------------------------------------
    # Records of the persons
    # ------------------------------------------------------------

    def _erase_model(self, model):
        mine = SQL(
            "t.id IN (SELECT id FROM privacy_record WHERE model = %s AND own)",
            model.name,
        )
        for name in model.unlinked:
            self._unlink_relation(model, name)
        kept = SQL(model.kept_if or "FALSE")
        if model.decision == DELETE:
            self._delete(model, SQL("%s AND (%s) IS NOT TRUE", mine, kept))
            return
        if model.deleted_if:
            self._delete(model, SQL("%s AND (%s)", mine, SQL(model.deleted_if)))
        always = self._get_assignments(model)
        if always:
            self._update(model, always, mine)
        emptied = [
            self._get_empty_assignment(model, name)
            for name in model.get_emptied_columns(self.env)
        ]
        if emptied:
            self._update(model, emptied, SQL("%s AND (%s) IS NOT TRUE", mine, kept))

    def _get_assignments(self, model):
        """Return the SQL of the values that the records get in any case."""
        fields = self.env[model.name]._fields
        found = [
            self._get_empty_assignment(model, name)
            for name in model.cleared
            if self._is_column(model, name)
        ]
        for name, text in (model.replaced or {}).items():
            if self._is_column(model, name):
                found.append(self._get_replacement(name, text))
        if model.is_archived and "active" in fields:
            found.append(SQL("active = FALSE"))
        return found

    def _is_column(self, model, name):
        """Return whether a table has a column; not all columns are fields."""
        return column_exists(self.env.cr, self.env[model.name]._table, name)

    def _get_replacement(self, name, text):
        column = SQL.identifier(name)
        return SQL(
            "%(column)s = CASE WHEN %(column)s IS NOT NULL "
            "THEN replace(%(text)s, '{id}', t.id::text) END",
            column=column,
            text=text,
        )

    def _get_empty_assignment(self, model, name):
        field = self.env[model.name]._fields.get(name)
        if field is not None and field.required and field.type in ("char", "text"):
            return self._get_replacement(name, self.env._("Erased"))
        return SQL("%s = NULL", SQL.identifier(name))

    def _update(self, model, assignments, condition):
        self.env.cr.execute(
            SQL(
                "UPDATE %s AS t SET %s WHERE %s",
                self._get_table(model),
                SQL(", ").join(assignments),
                condition,
            )
        )

    def _delete(self, model, condition):
        table = self._get_table(model)
        if model.name == "ir.attachment":
            self.env.cr.execute(
                SQL("SELECT t.store_fname FROM %s AS t WHERE %s", table, condition)
            )
            for [name] in self.env.cr.fetchall():
                if name:
                    # The file goes with `_gc_file_store`, if no other record has it.
                    self.env["ir.attachment"]._mark_for_gc(name)
        self.env.cr.execute(SQL("DELETE FROM %s AS t WHERE %s", table, condition))

    def _unlink_relation(self, model, name):
        field = self.env[model.name]._fields.get(name)
        if not field:
            return
        self.env.cr.execute(
            SQL(
                "DELETE FROM %s AS x WHERE x.%s IN "
                "(SELECT id FROM privacy_record WHERE model = %s AND own)",
                SQL.identifier(field.relation),
                SQL.identifier(field.column1),
                model.name,
            )
        )

    # ------------------------------------------------------------
    # Texts in records that stay
    # ------------------------------------------------------------

    def _scrub(self, model):
        """Remove names, addresses and numbers from texts that stay."""
        kept = set(model.kept) | set(model.reference)
        if model.decision == KEEP or model.scrubbed:
            self._scrub_columns(
                model, model.get_scrubbed_columns(self.env), SQL("TRUE")
            )
        if model.decision != KEEP:
            columns = [
                *model.get_emptied_columns(self.env),
                *(
                    name
                    for name in model.replaced or {}
                    if self._is_column(model, name)
                ),
            ]
            if model.decision == DELETE:
                columns = get_text_columns(self.env[model.name])
            columns = [name for name in columns if name not in kept]
            self._scrub_columns(model, columns, SQL("NOT bool_or(r.own)"))

    def _scrub_columns(self, model, columns, condition):
        if not columns:
            return
        self.env.cr.execute(
            SQL(
                "SELECT r.id, array_agg(r.person) FROM privacy_record AS r "
                "WHERE r.model = %s GROUP BY r.id HAVING %s",
                model.name,
                condition,
            )
        )
        for rows in split_every(BATCH, self.env.cr.fetchall(), list):
            self._scrub_rows(model, columns, dict(rows))

    def _scrub_rows(self, model, columns, persons_by_id):
        records = self.env[model.name]
        changed = defaultdict(list)
        for row_id, *texts in read_texts(records, columns, persons_by_id):
            for name, text in zip(columns, texts, strict=True):
                clean = text
                for person in persons_by_id[row_id]:
                    if person in self.persons:
                        clean = scrub_text(
                            records._fields[name], clean, self.persons[person]
                        )
                if clean != text:
                    changed[name].append((row_id, clean))
        for name, values in changed.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE %(table)s AS t SET %(column)s = v.value::%(type)s "
                    "FROM unnest(%(ids)s::int[], %(values)s::text[]) AS v (id, value) "
                    "WHERE t.id = v.id",
                    table=self._get_table(model),
                    column=SQL.identifier(name),
                    type=SQL(records._fields[name].column_type[0]),
                    ids=[row_id for row_id, _text in values],
                    values=[text for _row_id, text in values],
                )
            )
