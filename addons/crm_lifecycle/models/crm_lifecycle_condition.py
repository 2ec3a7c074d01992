"""Conditions on the facts of customers, as rules, tags and lifecycles have them."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..access import find_unreadable
from ..engine import domains
from ..engine.domains import UNANSWERED
from ..fields import KnownInteger
from ..profile.words import Words

# What Odoo raises of conditions that it can make no query of, by way of its own checks.
UNUSABLE = (
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
# Columns of a profile that are kept up along with its facts.
FOLLOWING = ("facts_as_of", "facts_date", "follow_up_date", "review_date")


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    @api.model
    def _get_fact_domain(self, text, as_of, where):
        """Return the domain that ``text`` spells on a day, ready for a search.

        ``where`` names the rule or tag that it belongs to, for the message.

        :raises ValidationError: where the text can't be read, names a field
            that profiles don't have, or a date that rules don't take
        """
        try:
            domain = self._resolve_facts(domains.parse(text), as_of)
            # Building the query finds what validation alone does not.
            self.sudo()._search(domain)  # conditions are asked of all customers
        except UNUSABLE as error:
            raise self._get_unusable(where, error) from error
        return domain

    @api.model
    def _check_conditions(self, text, where):
        """Refuse conditions that can't be used, or that their author may not read.

        Runs ask conditions with all rights and show their values, so a condition may
        look at nothing that is hidden from the user who writes it, whatever rights
        the writing code adds. To be called whenever conditions are stored, or tried
        before they are.

        :param where: names the record of the conditions, for the message
        :raises ValidationError: where no run could ask them
        :raises AccessError: naming the path that the user may not read
        """
        today = fields.Date.context_today(self)
        self._check_answer(self._get_fact_domain(text, today, where), where)
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
                    field=Words(self).get_label(path)[0],
                )
            )

    @api.model
    def _get_fields_without_conditions(self):
        """Extension point: return the names of searchable fields that no condition
        may use, such as those whose value is a search of its own."""
        return set()

    @api.model
    def _check_answer(self, domain, where):
        """Raise where the database can't answer a domain about any customer.

        :param where: names the rule, tag or lifecycle
        """
        query = self.sudo()._search(domain)  # conditions are asked of all customers
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    SQL("EXPLAIN %s", query.select()), log_exceptions=False
                )
        except UNANSWERED as error:
            raise self._get_unusable(where, error) from error

    @api.model
    def _get_unusable(self, where, error):
        """Return the error, in words, of conditions that can't be used.

        ``where`` names the rule, tag or lifecycle.
        """
        # What the database says, without where in our statement.
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
        """Return a domain as it reads on a day, comparing known amounts alone."""
        domain = domains.resolve(domain, as_of, self._get_path_type)
        domain.validate(self)
        return domain.map_conditions(self._require_known)

    @api.model
    def _get_condition_sql(self, domain, query):
        """SQL of a domain over the profiles of a query."""
        return domain.optimize_full(self)._to_sql(self, self._table, query)

    @api.model
    def _get_column_type(self, name):
        """Return the type of a column of the profile, None for any other path."""
        field = self._fields.get(name)
        if field is None or not field.store or not field.column_type:
            return None
        return field.type

    @api.model
    def _follows_from_facts(self, path):
        """Whether a field, or a path to one, may change with the facts of a customer.

        So does whatever is computed when it is read; but not what is stored on the
        contact, nor the stage.
        """
        model = self
        for name in path.split("."):
            field = model._fields.get(name)
            if field is None or not field.store or field.comodel_name == self._name:
                return True
            if field.comodel_name:
                model = self.env[field.comodel_name]
        return path in FOLLOWING

    @api.model
    def _get_fact_events(self, scope):
        """Extension point: return ``{fact: engine.since.Events}`` for a replay.

        Facts that count or follow events with a day, so that moves can be dated by
        them. ``scope`` is the step, ``scope.previous_as_of`` the day before it.
        """
        return {}

    @api.model
    def _require_known(self, condition):
        """Let a comparison hold only for customers whose amount is known.

        Odoo takes an empty number for 0, so that “rating at most 2” would hold
        for customers whom nobody rated. Dates need no such care.
        """
        field = self._fields.get(condition.field_expr)
        tells = isinstance(field, KnownInteger)
        if (
            not getattr(field, "fact", None)
            or field.type not in ("float", "monetary")
            and not tells
            or condition.operator not in ("<", "<=", ">", ">=")
        ):
            return condition

        def is_known(model, alias, query):
            column = model._field_to_sql(alias, condition.field_expr, query)
            return SQL("%s IS NOT NULL", column)

        def has_value(profile):
            value = profile[field.name]
            return value is not False if tells else bool(value)

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
