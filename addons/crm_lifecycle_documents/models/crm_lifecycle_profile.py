"""Content of the printed document of a customer."""

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.crm_lifecycle.access import is_readable
from odoo.addons.crm_lifecycle.profile.overview import Overview

# Maximum number of customers per document, and of moves and events per customer.
CUSTOMERS, MOVES, EVENTS = 50, 60, 8
# Kinds of timeline events in a document. Moves have their own section, and
# conversations are left out.
KINDS = ("sale", "service", "loyalty", "marketing")


class CrmLifecycleProfile(models.Model):
    """Printed document of a customer: history, facts, events and next steps.

    Read with the user's access rights, so that record rules apply to every part.
    """

    _inherit = "crm.lifecycle.profile"

    def _get_print_content(self):
        """Return all that the document tells of one customer."""
        self.ensure_one()
        self.check_access("read")
        overview = Overview(self)
        moves = self.history_ids.sorted(lambda move: (move.date, move.id))
        return {
            "stage": overview.get_stage(),
            "facts": overview.get_facts(),
            "moves": moves[-MOVES:],
            "moves_left_out": max(len(moves) - MOVES, 0),
            "stays": self.stage_duration_ids,
            "explained": self._explain(),
            "activities": self.activity_ids,
            "sections": self._get_print_sections(),
        }

    def _get_print_sections(self):
        """Extension point: return more sections of the customer's document.

        Each is ``{"title", "heads", "rows", "numbers"}``: column titles, rows of texts,
        and the columns that are right-aligned. Timeline events are included
        automatically, such as tickets or points of a bridge.
        """
        self.ensure_one()
        labels = self._get_timeline_kinds()
        Print = self.env["crm.lifecycle.print.mixin"]
        sections = []
        for kind in KINDS:
            events = self._get_timeline(EVENTS, [kind])
            if not events:
                continue
            sections.append(
                {
                    "title": labels[kind][0],
                    "heads": [
                        self.env._("Date"),
                        self.env._("What"),
                        self.env._("Details"),
                        self.env._("Amount"),
                    ],
                    "rows": [Print._format_event(event) for event in events],
                    "numbers": {3},
                }
            )
        return sections

    @api.model
    def _get_print_amount(self):
        """Extension point: the fact by which documents put customers in order.

        None if no addon provides an amount, or the user may not read it.
        """
        for name in ("order_total", "invoiced_total"):
            field = self._fields.get(name)
            if field and is_readable(self, field.name):
                return name
        return None

    def _check_print(self):
        """Refuse to print nobody, or more customers than a printer is waited for."""
        if not self:
            raise UserError(
                self.env._(
                    "None of these contacts is a customer of a lifecycle that you see. "
                    "Choose customers with a lifecycle stage."
                )
            )
        if len(self) > CUSTOMERS:
            raise UserError(
                self.env._(
                    "%(count)s customers are too many for one document. Choose at most "
                    "%(most)s.",
                    count=len(self),
                    most=CUSTOMERS,
                )
            )
        self.check_access("read")

    def _get_print_lang(self):
        """Return the language of the customer, that of the reader without one."""
        self.ensure_one()
        # `sudo()`: users who may read the customer may read their language.
        lang = self.sudo().partner_id.lang
        return lang or self.env.lang or "en_US"
