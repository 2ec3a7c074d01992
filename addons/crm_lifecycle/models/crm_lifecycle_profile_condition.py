"""Conditions on facts of customers, as used by rules, tags and lifecycles."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..access import find_unreadable
from ..engine import domains
from ..engine.domains import QUERY_ERRORS
from ..fields import NullableInteger
from ..profile.formatter import ConditionFormatter

# Errors that Odoo raises for conditions that it can't turn into a query.
DOMAIN_ERRORS = (
    domains.DomainError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    KeyError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValidationError,
    ValueError,
)
# Columns of a profile that are updated along with its facts.
DERIVED_COLUMNS = ("facts_as_of", "facts_date", "follow_up_date", "review_date")


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    @api.model
    def _get_fact_domain(self, text, as_of, where):
        """Return the domain of ``text`` as of a day, ready for a search.

        :param where: the rule or tag of the conditions, for the message
        :raises ValidationError: if the text can't be parsed, or uses a field that
            profiles don't have or a date that rules don't accept
        """
        try:
            domain = self._resolve_facts(domains.parse(text), as_of)
            # Building the query finds errors that validation alone misses.
            self.sudo()._search(domain)  # sudo: conditions apply to all customers
        except DOMAIN_ERRORS as error:
            raise self._make_conditions_error(where, error) from error
        return domain

    @api.model
    def _check_conditions(self, text, where):
        """Refuse conditions that can't be used, or that their author may not read.

        Runs evaluate conditions as superuser and show their values, so a condition may
        not use anything that is hidden from the user who writes it, even if the calling
        code uses `sudo`. Call this whenever conditions are stored, or tried before they
        are.

        :param where: the record of the conditions, for the message
        :raises ValidationError: if no run could evaluate the conditions
        :raises AccessError: if the user may not read a path; the message names it
        """
        today = fields.Date.context_today(self)
        self._check_query(self._get_fact_domain(text, today, where), where)
        domain = domains.parse(text)
        path = find_unreadable(self, domain) or next(
            (
                path
                for path in domains.fields_of(domain)
                if path.split(".")[0] in self._get_fields_without_conditions()
            ),
            None,
        )
        if path:
            raise AccessError(
                self.env._(
                    "The conditions of the %(where)s look at “%(field)s”, which you "
                    "may not read. Choose other conditions, or ask an administrator "
                    "to set them.",
                    where=where,
                    field=ConditionFormatter(self).get_label(path)[0],
                )
            )

    @api.model
    def _get_fields_without_conditions(self):
        """Extension point: return the names of searchable fields that no condition may
        use, such as fields with a search of their own."""
        return set()

    @api.model
    def _check_query(self, domain, where):
        """Raise if the database can't evaluate a domain for every customer.

        :param where: the rule, tag or lifecycle, for the message
        """
        query = self.sudo()._search(domain)  # sudo: conditions apply to all customers
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    SQL("EXPLAIN %s", query.select()), log_exceptions=False
                )
        except QUERY_ERRORS as error:
            raise self._make_conditions_error(where, error) from error

    @api.model
    def _make_conditions_error(self, where, error):
        """Return the error, with its message, for conditions that can't be used.

        :param where: the rule, tag or lifecycle, for the message
        """
        # The message of the database, without the position in the statement.
        text = str(error).strip().partition("\n")[0]
        return ValidationError(
            self.env._(
                "The conditions of the %(where)s can't be used: %(error)s. "
                "Open it and choose the conditions again.",
                where=where,
                error=text,
            )
        )

    @api.model
    def _resolve_facts(self, domain, as_of):
        """Return a domain as of a day that compares only known amounts."""
        domain = domains.resolve(domain, as_of, self._get_path_type)
        domain.validate(self)
        return domain.map_conditions(self._require_known)

    @api.model
    def _get_condition_sql(self, domain, query):
        """Return the SQL of a domain over the profiles of a query."""
        return domain.optimize_full(self)._to_sql(self, self._table, query)

    @api.model
    def _get_column_type(self, name):
        """Return the type of a column of the profile, None for any other path."""
        field = self._fields.get(name)
        if field is None or not field.store or not field.column_type:
            return None
        return field.type

    @api.model
    def _depends_on_facts(self, path):
        """Return whether a field, or a path to one, may change with a customer's facts.

        This includes all non-stored fields, but neither stored fields of the contact
        nor the stage.
        """
        model = self
        for name in path.split("."):
            field = model._fields.get(name)
            if field is None or not field.store or field.comodel_name == self._name:
                return True
            if field.comodel_name:
                model = self.env[field.comodel_name]
        return path in DERIVED_COLUMNS

    @api.model
    def _get_fact_events(self, scope):
        """Extension point: return ``{fact: FactEvents}`` for a replay.

        Return the facts that count or follow dated events, so that moves get the date
        of the event. ``scope`` is the step, ``scope.previous_as_of`` the day before it.
        """
        return {}

    @api.model
    def _require_known(self, condition):
        """Restrict a comparison to customers with a known amount.

        Odoo treats an empty number as 0, so “rating at most 2” would match customers
        without a rating. Dates don't need this.
        """
        field = self._fields.get(condition.field_expr)
        is_nullable = isinstance(field, NullableInteger)
        if (
            not getattr(field, "fact", None)
            or field.type not in ("float", "monetary")
            and not is_nullable
            or condition.operator not in ("<", "<=", ">", ">=")
        ):
            return condition

        def is_known(model, alias, query):
            column = model._field_to_sql(alias, condition.field_expr, query)
            return SQL("%s IS NOT NULL", column)

        def has_value(profile):
            value = profile[field.name]
            return value is not False if is_nullable else bool(value)

        known = Domain.custom(to_sql=is_known, predicate=has_value)
        return condition & known

    @api.model
    def _get_path_type(self, path):
        """Return the type of the field at the end of a path, None if there is none."""
        model = self
        field = None
        for name in path.split("."):
            field = model._fields.get(name) if model is not None else None
            if field is None:
                return None
            model = self.env[field.comodel_name] if field.relational else None
        return field.type
