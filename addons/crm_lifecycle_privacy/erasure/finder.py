"""Which records belong to persons, in all models and companies.

A search fills three temporary tables, which live until the end of the transaction:
``privacy_record`` (model, id, person, own), ``privacy_email`` (email, person) and
``privacy_former`` (person, name, value), texts that the person's records had once.
A person is the ID of a contact, or the negative ID of a lead without a contact.
"""

from graphlib import TopologicalSorter

from odoo.tools import SQL

from odoo.addons.crm_lifecycle.personal_data import (
    ALL,
    KEEP,
    PersonalModel,
    get_text_columns,
)

from .inventory import IMPERSONAL, PERSON_MODELS, SWEPT_MODELS, get_odoo_models

# An email address in a lower-case text.
EMAIL_PATTERN = r"""[^\s<>,;:"'()]+@[^\s<>,;:"'()]+\w"""
# Fields with a former value that may still be in messages and files.
FORMER_FIELDS = ("name", "email", "phone", "street", "contact_name", "email_from")
EMAIL_COLUMNS = ("email", "email_from", "email_normalized", "partner_email", "email_to")


def get_personal_models(env):
    """Return ``{name: PersonalModel}``, the decisions of all addons."""
    decisions = [
        *get_odoo_models(env),
        *env["crm.lifecycle.profile"]._get_personal_models(),
    ]
    # An addon of ours may decide otherwise for a model of Odoo.
    return {
        model.name: model
        for model in decisions
        if model.name in env and env[model.name]._auto
    }


def get_undecided_models(env, decided):
    """Return a `PersonalModel` for each model with persons, but without a decision.

    From these the identifiers of persons are removed, and nothing else.
    """
    found = []
    for name in sorted(env):
        if name in decided or name in IMPERSONAL or name in SWEPT_MODELS:
            continue
        model = env[name]
        if model._abstract or model._transient or not model._auto:
            continue
        columns = get_text_columns(model)
        mentions = tuple(_get_person_fields(model, decided))
        emails = tuple(column for column in columns if column in EMAIL_COLUMNS)
        reference = _get_reference(model)
        if columns and (mentions or emails or reference):
            found.append(
                PersonalModel(
                    name=name,
                    decision=KEEP,
                    mentions=mentions,
                    emails=emails,
                    reference=reference,
                    scrubbed=ALL,
                )
            )
    return found


def _get_person_fields(model, decided):
    """Yield the fields that refer to a record about persons."""
    for name, field in model._fields.items():
        if not field.store or name in ("create_uid", "write_uid"):
            continue
        about = field.comodel_name
        if field.type == "many2one":
            is_about_persons = about in decided and about != "res.users"
        else:
            is_about_persons = field.type == "many2many" and about in PERSON_MODELS
        if is_about_persons:
            yield name


def _get_reference(model):
    """Return the columns with the model and ID of any record."""
    for name, field in model._fields.items():
        if field.type == "many2one_reference" and field.store:
            return (field.model_field, name)
    return ()


def sort_models(env, models):
    """Return decisions in order, each after those that it refers to."""
    by_name = {model.name: model for model in models}
    references = [model.name for model in models if model.reference]
    # Any record may have files, so they come last.
    references.sort(key=lambda name: name == "ir.attachment")
    graph = {}
    for name, model in by_name.items():
        fields = [
            env[name]._fields.get(link) for link in (*model.links, *model.mentions)
        ]
        graph[name] = {
            field.comodel_name
            for field in fields
            if field and field.comodel_name in by_name and field.comodel_name != name
        }
        graph[name].update(other for other, _ in model.referred_by if other in by_name)
    later = _get_dependents(graph, set(references))
    for position, name in enumerate(references):
        graph[name] |= {
            *(other for other in graph if other not in later),
            *references[:position],
        }
    return [by_name[name] for name in TopologicalSorter(graph).static_order()]


def _get_dependents(graph, names):
    """Return names, and those that refer to them directly or through others."""
    found = set(names)
    while more := {name for name, needs in graph.items() if needs & found} - found:
        found |= more
    return found


class Finder:
    """A search for all records of some persons.

    :param env: with the rights of the superuser, since persons are found in all
        companies
    """

    def __init__(self, env):
        self.env = env
        decided = get_personal_models(env)
        undecided = get_undecided_models(env, decided)
        self.models = sort_models(env, [*decided.values(), *undecided])

    def find(self, partners, leads):
        """Find the records of contacts, and of leads without a contact.

        :return: self
        """
        self.env.flush_all()
        self._create_tables()
        self._add_records("res.partner", partners.ids, 1)
        self._add_records("crm.lead", leads.ids, -1)
        self._add_former_values("res.partner")
        self._add_emails()
        for model in self.models:
            self._find_model(model)
            if model.name == "crm.lead":
                self._add_former_values("crm.lead")
                self._add_emails()
        for model in self.models:
            if model.late_links:
                self._add_found(model, self._get_link_ways(model, model.late_links))
        return self

    def _execute(self, query, **values):
        self.env.cr.execute(SQL(query, **values))
        return self.env.cr

    def _create_tables(self):
        self._execute(
            """
            DROP TABLE IF EXISTS privacy_record, privacy_email, privacy_former;
            CREATE TEMPORARY TABLE privacy_record (
                model text, id int, person int, own boolean,
                PRIMARY KEY (model, id, person)) ON COMMIT DROP;
            CREATE TEMPORARY TABLE privacy_email (
                email text, person int, PRIMARY KEY (email, person)) ON COMMIT DROP;
            CREATE TEMPORARY TABLE privacy_former (
                person int, name text, value text) ON COMMIT DROP
            """
        )

    def _add_records(self, model, ids, sign):
        self._execute(
            """
            INSERT INTO privacy_record
            SELECT %(model)s, id, id * %(sign)s, TRUE
              FROM unnest(%(ids)s::int[]) AS v (id)
            """,
            model=model,
            ids=ids,
            sign=sign,
        )
        self._execute("ANALYZE privacy_record")

    def _add_former_values(self, model):
        """Add the names and addresses that the records had once."""
        self._execute(
            """
            INSERT INTO privacy_former
            SELECT r.person, f.name, v.value
              FROM privacy_record AS r
              JOIN mail_message AS m ON m.model = r.model AND m.res_id = r.id
              JOIN mail_tracking_value AS t ON t.mail_message_id = m.id
              JOIN ir_model_fields AS f ON f.id = t.field_id
             CROSS JOIN LATERAL
                   (VALUES (t.old_value_char), (t.new_value_char)) AS v (value)
             WHERE r.model = %(model)s AND r.own
               AND f.name = ANY(%(names)s) AND v.value > ''
            """,
            model=model,
            names=list(FORMER_FIELDS),
        )

    def _add_emails(self):
        """Add the addresses of the persons that nobody else has."""
        self._execute(
            r"""
            INSERT INTO privacy_email
            SELECT e.email, e.person
              FROM (
                  SELECT lower(p.email_normalized) AS email, r.person
                    FROM privacy_record AS r JOIN res_partner AS p ON p.id = r.id
                   WHERE r.model = 'res.partner' AND r.own
                   UNION
                  SELECT lower(l.email_normalized), r.person
                    FROM privacy_record AS r JOIN crm_lead AS l ON l.id = r.id
                   WHERE r.model = 'crm.lead' AND r.own
                   UNION
                  SELECT (regexp_matches(lower(value), %(pattern)s, 'g'))[1], person
                    FROM privacy_former
                   WHERE name IN ('email', 'email_from')
              ) AS e
             WHERE e.email > ''
               AND NOT EXISTS (
                   SELECT FROM res_partner AS p
                    WHERE p.email_normalized = e.email
                      AND p.id NOT IN (
                          SELECT id FROM privacy_record WHERE model = 'res.partner'))
                ON CONFLICT DO NOTHING
            """,
            pattern=f"({EMAIL_PATTERN})",
        )
        self._execute("ANALYZE privacy_email")

    # ------------------------------------------------------------
    # One model
    # ------------------------------------------------------------

    def _find_model(self, model):
        self._add_found(model, self._get_ways(model))

    def _add_found(self, model, ways):
        """Add the records that are found in some ways, SQL of (id, person, own)."""
        ways = list(ways)
        if not ways:
            return
        self._execute(
            """
            INSERT INTO privacy_record
            SELECT %(model)s, f.id, f.person, bool_or(f.own AND (%(owned)s))
              FROM (%(ways)s) AS f (id, person, own)
              JOIN %(table)s AS t ON t.id = f.id
             GROUP BY f.id, f.person
                ON CONFLICT DO NOTHING
            """,
            model=model.name,
            table=self._get_table(model),
            owned=SQL(model.owned_if or "TRUE"),
            ways=SQL(" UNION ALL ").join(ways),
        )
        if self.env.cr.rowcount > 1000:
            self._execute("ANALYZE privacy_record")

    def _get_table(self, model):
        return SQL.identifier(self.env[model.name]._table)

    def _get_ways(self, model):
        """Yield the SQL of ``(id, person, own)`` for each way to find a record."""
        fields = self.env[model.name]._fields
        table = self._get_table(model)
        yield from self._get_link_ways(model, model.links)
        for name in model.mentions:
            field = fields.get(name)
            if not field or not field.store:
                continue
            if field.type == "many2many":
                yield self._get_many2many_sql(field)
            else:
                yield self._get_link_sql(table, field, SQL("FALSE"))
        for other, name in model.referred_by:
            if other in self.env:
                yield SQL(
                    """
                    SELECT o.%(column)s, r.person, r.own
                      FROM privacy_record AS r
                      JOIN %(other)s AS o ON o.id = r.id
                     WHERE r.model = %(name)s AND o.%(column)s IS NOT NULL
                    """,
                    column=SQL.identifier(name),
                    other=SQL.identifier(self.env[other]._table),
                    name=other,
                )
        if model.reference:
            yield SQL(
                """
                SELECT t.id, r.person, r.own
                  FROM %(table)s AS t
                  JOIN privacy_record AS r
                    ON r.model = t.%(name)s AND r.id = t.%(id)s
                """,
                table=table,
                name=SQL.identifier(model.reference[0]),
                id=SQL.identifier(model.reference[1]),
            )
        for name in model.emails:
            if name in fields:
                yield self._get_email_sql(table, name)

    def _get_link_ways(self, model, names):
        fields = self.env[model.name]._fields
        for name in names:
            if name in fields and fields[name].store:
                yield self._get_link_sql(
                    self._get_table(model), fields[name], SQL("r.own")
                )

    def _get_link_sql(self, table, field, own):
        return SQL(
            """
            SELECT t.id, r.person, %(own)s
              FROM %(table)s AS t
              JOIN privacy_record AS r ON r.model = %(comodel)s AND r.id = t.%(column)s
            """,
            table=table,
            own=own,
            comodel=field.comodel_name,
            column=SQL.identifier(field.name),
        )

    def _get_many2many_sql(self, field):
        return SQL(
            """
            SELECT x.%(record)s, r.person, FALSE
              FROM %(relation)s AS x
              JOIN privacy_record AS r ON r.model = %(comodel)s AND r.id = x.%(person)s
            """,
            relation=SQL.identifier(field.relation),
            record=SQL.identifier(field.column1),
            person=SQL.identifier(field.column2),
            comodel=field.comodel_name,
        )

    def _get_email_sql(self, table, name):
        if name.endswith("_normalized"):
            return SQL(
                "SELECT t.id, e.person, TRUE FROM %(table)s AS t "
                "JOIN privacy_email AS e ON e.email = t.%(column)s",
                table=table,
                column=SQL.identifier(name),
            )
        return SQL(
            """
            SELECT t.id, e.person, TRUE
              FROM %(table)s AS t
             CROSS JOIN LATERAL regexp_matches(lower(t.%(column)s), %(pattern)s, 'g')
                AS m (found)
              JOIN privacy_email AS e ON e.email = m.found[1]
             WHERE t.%(column)s LIKE '%%@%%'
            """,
            table=table,
            column=SQL.identifier(name),
            pattern=f"({EMAIL_PATTERN})",
        )

    # ------------------------------------------------------------
    # What was found
    # ------------------------------------------------------------

    def get_counts(self):
        """Return ``{model: (own, shared)}``, the numbers of records."""
        self._execute(
            """
            SELECT model, count(*) FILTER (WHERE own), count(*) FILTER (WHERE NOT own)
              FROM (SELECT model, id, bool_or(own) AS own
                      FROM privacy_record GROUP BY model, id) AS r
             GROUP BY model
            """
        )
        return {model: (own, shared) for model, own, shared in self.env.cr.fetchall()}

    def count_rows(self, model, condition):
        """Return the number of the persons' records with an SQL condition, or 0."""
        if not condition:
            return 0
        self._execute(
            """
            SELECT count(*) FROM %(table)s AS t
             WHERE (%(condition)s) AND t.id IN (
                SELECT id FROM privacy_record WHERE model = %(model)s AND own)
            """,
            table=self._get_table(model),
            condition=SQL(condition),
            model=model.name,
        )
        return self.env.cr.fetchone()[0]

    def get_records(self, name):
        """Return the records of a model that belong to the persons, by ID."""
        self._execute(
            "SELECT DISTINCT id FROM privacy_record WHERE model = %(model)s AND own "
            "ORDER BY id",
            model=name,
        )
        records = self.env[name].browse(row[0] for row in self.env.cr.fetchall())
        return records.with_context(active_test=False)
