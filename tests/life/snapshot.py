"""Snapshots of databases, to find what an addon leaves behind."""


class CheckFailed(Exception):
    """A failed check, with a line per problem."""


# Queries of names, which are the same in two databases with the same addons.
PARTS = {
    "tables and views": """
        SELECT relkind::text || ' ' || relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')
    """,
    "columns": """
        SELECT c.relname || '.' || a.attname || ' '
               || format_type(a.atttypid, a.atttypmod)
          FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm')
           AND a.attnum > 0 AND NOT a.attisdropped
    """,
    # PostgreSQL numbers the indexes of relation tables, so compare their definitions.
    "indexes": """
        SELECT tablename::text || ' ' || CASE WHEN tablename LIKE '%\\_rel'
               THEN regexp_replace(indexdef, ' INDEX \\S+ ', ' ') ELSE indexname END
          FROM pg_indexes WHERE schemaname = 'public'
    """,
    "constraints": """
        SELECT c.relname::text || ' ' || CASE WHEN c.relname LIKE '%\\_rel'
               THEN pg_get_constraintdef(s.oid) ELSE conname END
          FROM pg_constraint AS s JOIN pg_class AS c ON c.oid = s.conrelid
         WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    """,
    "functions": """
        SELECT proname::text FROM pg_proc AS p
         WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS
               (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
    """,
    "triggers": "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal",
    "statistics": "SELECT stxname::text FROM pg_statistic_ext",
    "models": "SELECT model FROM ir_model",
    # Include texts, because an addon may change them on fields of another addon. Leave
    # out Chinese ones, which Odoo loads again with each addon.
    "fields": """
        SELECT model || '.' || name || ' ' || (field_description->>'en_US')
               || COALESCE(help->>'en_US', '') FROM ir_model_fields
    """,
    "values of selections": """
        SELECT f.model || '.' || f.name || ' ' || s.value || ' ' || (s.name->>'en_US')
          FROM ir_model_fields_selection AS s JOIN ir_model_fields AS f
            ON f.id = s.field_id
    """,
    "views of the client": """
        SELECT COALESCE(d.module || '.' || d.name, v.id::text) || ' '
               || md5(v.arch_db::text)
          FROM ir_ui_view AS v LEFT JOIN ir_model_data AS d
            ON d.model = 'ir.ui.view' AND d.res_id = v.id
    """,
    "menus": "SELECT id || ' ' || name::text FROM ir_ui_menu",
    "actions": "SELECT id || ' ' || type || ' ' || name::text FROM ir_actions",
    "scheduled jobs": """
        SELECT c.id || ' ' || a.name::text FROM ir_cron AS c
          JOIN ir_act_server AS a ON a.id = c.ir_actions_server_id
    """,
    "groups": "SELECT id || ' ' || name::text FROM res_groups",
    "rights": "SELECT id || ' ' || name FROM ir_model_access",
    "record rules": "SELECT id || ' ' || COALESCE(name, '') FROM ir_rule",
    "parameters": "SELECT key FROM ir_config_parameter",
    "defaults": "SELECT id::text FROM ir_default",
    "sequences": "SELECT id || ' ' || name FROM ir_sequence",
    "mail templates": "SELECT id || ' ' || name::text FROM mail_template",
    "subtypes": "SELECT id || ' ' || name::text FROM mail_message_subtype",
    "kinds of activities": "SELECT id || ' ' || name::text FROM mail_activity_type",
    # Leave out records of inheritance: Odoo assigns those of a mixin to the addon of
    # the mixin, and removes them when that addon is upgraded or uninstalled.
    "XML ids": """
        SELECT module || '.' || name FROM ir_model_data
         WHERE module <> '__export__'
           AND model NOT IN ('ir.module.module', 'ir.model.inherit',
                             'ir.model.fields.selection')
    """,
}
# Parts that must be the same for the same addons in any order.
SCHEMA = ("tables and views", "columns", "indexes", "constraints", "models")
# Columns with the name of a model; no row may have the name of a removed model.
NAMES_OF_MODELS = """
    SELECT c.table_name, c.column_name
      FROM information_schema.columns AS c
      JOIN information_schema.tables AS t USING (table_schema, table_name)
     WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
       AND c.column_name IN ('res_model', 'model', 'model_name', 'resource')
       AND c.data_type LIKE 'character%'
"""
# Prefixes of tables that Odoo writes at any time.
VOLATILE = (
    *("ir_", "bus_", "mail_", "res_groups", "res_device", "auth_", "base_"),
    *("orm_signaling", "res_lang_install"),
    # Stock keeps the cost of deleted products.
    "product_value",
    # The lifecycle keeps its runs, pending customers, and the profiles and history of
    # customers that a ticket or an order added. Its versions change with the rules in
    # the demo data of a bridge.
    *("crm_lifecycle_run", "crm_lifecycle_pending", "crm_lifecycle_version"),
    *("crm_lifecycle_profile", "crm_lifecycle_history"),
)


class Database:
    """A database, read by a cursor."""

    def __init__(self, cursor):
        self.cursor = cursor

    def ask(self, query):
        self.cursor.execute(query)
        return self.cursor.fetchall()

    def count(self, table):
        return self.ask(f'SELECT COUNT(*) FROM "{table}"')[0][0]

    def has_table(self, name):
        return self.ask(f"SELECT to_regclass('public.{name}')")[0][0] is not None

    def read(self):
        """Return ``{part: names}``, including the number of rows of each table."""
        parts = {}
        for part, query in PARTS.items():
            table = query.rsplit(" FROM ", 1)[-1].split()[0]
            if table.startswith(("mail_", "ir_")) and not self.has_table(table):
                continue
            parts[part] = {name for (name,) in self.ask(query)}
        parts["rows"] = {f"{table} {self.count(table)}" for table in self._get_tables()}
        return parts

    def _get_tables(self):
        return [
            name
            for (name,) in self.ask(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
            if not name.startswith(VOLATILE)
        ]

    def get_tables_of(self, addons):
        """Return the tables of the models that addons add or extend."""
        names = ", ".join(f"'{name}'" for name in addons)
        return [
            table
            for (table,) in self.ask(f"""
                SELECT DISTINCT c.relname::text FROM ir_model_data AS d
                  JOIN ir_model AS m ON m.id = d.res_id
                  JOIN pg_class AS c ON c.relname = replace(m.model, '.', '_')
                 WHERE d.model = 'ir.model' AND d.module IN ({names})
                   AND c.relkind = 'r'
                   AND c.relnamespace = 'public'::regnamespace ORDER BY 1
            """)
        ]

    def count_links(self, addons):
        """Return ``{(model, field): rows of its relation table}`` of addons' fields."""
        names = ", ".join(f"'{name}'" for name in addons)
        fields = self.ask(f"""
            SELECT DISTINCT f.model, f.name, f.relation_table
              FROM ir_model_fields AS f JOIN ir_model_data AS d
                ON d.model = 'ir.model.fields' AND d.res_id = f.id
             WHERE d.module IN ({names}) AND f.ttype = 'many2many' AND f.store
        """)
        return {
            (model, name): self.count(table)
            for model, name, table in fields
            if self.has_table(table)
        }

    def get_columns(self, table):
        return [
            name
            for (name,) in self.ask(
                "SELECT column_name::text FROM information_schema.columns"
                f" WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY 1"
            )
        ]

    def find_orphans(self):
        """Return the number of rows with the name of a missing model, by column."""
        found = []
        for table, column in self.ask(NAMES_OF_MODELS):
            if table == "ir_model":
                continue
            rows = self.ask(
                f'SELECT "{column}", COUNT(*) FROM "{table}" WHERE "{column}" <> \'\''
                f' AND "{column}" NOT IN (SELECT model FROM ir_model) GROUP BY 1'
            )
            found += [f"{table}.{column}: {count} of {model}" for model, count in rows]
        return found


def compare(before, after):
    """Return the differences, one per line."""
    lines = []
    for part in before.keys() | after.keys():
        old, new = before.get(part, set()), after.get(part, set())
        lines += [f"{part}: left behind: {name}" for name in sorted(new - old)]
        lines += [f"{part}: lost: {name}" for name in sorted(old - new)]
    return sorted(lines)
