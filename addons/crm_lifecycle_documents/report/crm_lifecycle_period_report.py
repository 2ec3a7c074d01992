"""Documents on many customers: period report, and customers at risk."""

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_date

from ..engine import svg, table_pagination

# Maximum number of customers at risk, and of transitions listed.
WARNED, WAYS = 500, 12


class ReportPeriod(models.AbstractModel):
    """Print the period report for management, in the user's language."""

    _name = "report.crm_lifecycle_documents.period"
    _inherit = "crm.lifecycle.print.mixin"
    _description = "Lifecycle Report of a Period"

    @api.model
    def _get_report_values(self, docids, data=None):
        prints = self.env["crm.lifecycle.print"].browse(docids).exists()
        prints.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": prints._name,
            "docs": prints,
            "contents": [self._get_content(doc) for doc in prints],
            **self._get_helpers(),
            "get_heat_style": get_heat_style,
            "month": self._format_month,
        }

    @api.model
    def _get_content(self, doc):
        """Return what the document tells of the period that was asked for."""
        figures = self.env["crm.lifecycle.period"]._get_figures(
            doc.lifecycle_id, doc.date_from, doc.date_to, doc._get_domain()
        )
        return {
            "doc": doc,
            "company": doc.company_id,
            "figures": figures,
            "keys": self._format_key_figures(figures, doc.is_compared),
            "walk": self._format_customer_walk(figures),
            "ways": self._format_transitions(figures),
            "funnel": self._draw_funnel(figures),
            "growth": self._draw_growth(figures),
            "survival": self._draw_retention(figures),
            "amount": self.env["crm.lifecycle.profile"]._get_print_amount(),
            "cohorts": [item for item in figures["cohorts"] if item["size"]],
            "won": table_pagination.split(figures["winners"], self._get_move_texts),
            "lost": table_pagination.split(figures["losses"], self._get_move_texts),
        }

    @api.model
    def _format_key_figures(self, figures, is_compared):
        """Return the key figures: ``(label, value, previous value)``."""
        now, before = figures["key"], figures["key_previous"]
        customers = figures["customers"]
        keys = [
            (self.env._("Customers"), customers[0], customers[1]),
            (self.env._("New"), now["new"], before["new"]),
            (self.env._("Reactivated"), now["reactivated"], before["reactivated"]),
            (self.env._("Churned"), now["churned"], before["churned"]),
            (self.env._("Came to be at risk"), now["at_risk"], before["at_risk"]),
            (self.env._("Recovered"), now["recovered"], before["recovered"]),
        ]
        rows = [
            (
                label,
                self._format_number(value),
                self._format_change(value, previous) if is_compared else "",
            )
            for label, value, previous in keys
        ]
        return [rows[:3], rows[3:]]

    @api.model
    def _format_change(self, value, previous):
        if not previous:
            return self.env._("before: %(number)s", number=self._format_number(0))
        return self.env._(
            "before: %(number)s (%(change)s %%)",
            number=self._format_number(previous),
            change=self._format_signed(round((value / previous - 1) * 100)),
        )

    @api.model
    def _format_customer_walk(self, figures):
        """Return the steps from the customers before to the customers after."""
        flows, (after, before, _earlier) = figures["key"], figures["customers"]
        net = flows["new"] + flows["reactivated"] - flows["churned"]
        return [
            (self.env._("At the beginning"), self._format_number(before)),
            (self.env._("New"), self._format_signed(flows["new"])),
            (self.env._("Reactivated"), self._format_signed(flows["reactivated"])),
            (self.env._("Churned"), self._format_signed(-flows["churned"])),
            (self.env._("Otherwise"), self._format_signed(after - before - net)),
            (self.env._("At the end"), self._format_number(after)),
        ]

    @api.model
    def _format_transitions(self, figures):
        """Return the most frequent transitions: from, to, number of moves."""
        names = {item["stage"].id: item["stage"].name for item in figures["stages"]}
        ways = sorted(figures["ways"].items(), key=lambda way: -way[1])[:WAYS]
        return [
            (
                names.get(origin) or self.env._("(enters)"),
                names.get(target) or self.env._("(leaves)"),
                self._format_number(count),
            )
            for (origin, target), count in ways
        ]

    @api.model
    def _get_move_texts(self, move):
        """Return what may be long of a move, see `engine/table_pagination.py`."""
        way = f"{move.from_stage_id.name or ''} → {move.to_stage_id.name or ''}"
        return [
            (move.profile_id.display_name, 0.24),
            (way, 0.22),
            (move.explanation, 0.28),
        ]

    # ------------------------------------------------------------
    # Charts
    # ------------------------------------------------------------

    @api.model
    def _draw_funnel(self, figures):
        def format_label(item):
            share = self._format_share(item["share"])
            return f"{self._format_number(item['after'])} ({share})"

        return svg.funnel(
            [
                (item["stage"].name, item["after"], format_label(item))
                for item in figures["stages"]
            ]
        )

    @api.model
    def _draw_growth(self, figures):
        growth = figures["growth"]
        return svg.columns(
            [self._format_month(item["month"]) for item in growth],
            [
                (self.env._("New"), [item["new"] for item in growth]),
                (self.env._("Reactivated"), [item["reactivated"] for item in growth]),
                (self.env._("Recovered"), [item["recovered"] for item in growth]),
                (self.env._("Churned"), [-item["churned"] for item in growth]),
                (
                    self.env._("Came to be at risk"),
                    [-item["at_risk"] for item in growth],
                ),
            ],
        )

    @api.model
    def _draw_retention(self, figures):
        """Draw retention: each point includes the cohorts that are old enough."""
        shares = get_retention(figures["cohorts"])
        if len(shares) < 2:
            return None
        names = [f"+{later}" for later in range(len(shares))]
        return svg.lines(names, [(self.env._("Still active"), shares)])

    @api.model
    def _format_month(self, month):
        return format_date(self.env, month, date_format="yyyy-MM")


class ReportWarning(models.AbstractModel):
    """Print the customers at risk, for team meetings."""

    _name = "report.crm_lifecycle_documents.warning"
    _inherit = "crm.lifecycle.print.mixin"
    _description = "Churn Warnings"

    @api.model
    def _get_report_values(self, docids, data=None):
        prints = self.env["crm.lifecycle.print"].browse(docids).exists()
        prints.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": prints._name,
            "docs": prints,
            "contents": [self._get_content(doc) for doc in prints],
            **self._get_helpers(),
        }

    @api.model
    def _get_content(self, doc):
        """Return the customers at risk by salesperson, the dearest of each first."""
        Profile = self.env["crm.lifecycle.profile"]
        amount = Profile._get_print_amount()
        domain = doc._get_domain() & Domain("stage_id.category", "=", "at_risk")
        if doc.lifecycle_id:
            domain &= Domain("lifecycle_id", "=", doc.lifecycle_id.id)
        # Customers without an amount come last.
        order = f"{amount} desc nulls last, " if amount else ""
        customers = Profile.search(domain, order=f"{order}stage_date, id", limit=WARNED)
        groups = customers.grouped("user_id")
        whys = self._get_explanations(customers)

        def get_texts(customer):
            return [
                (customer.display_name, 0.2),
                (customer.phone, 0.1),
                (whys.get(customer), 0.27),
                (customer.activity_summary, 0.1),
            ]

        return {
            "doc": doc,
            "company": doc.company_id,
            "total": Profile.search_count(domain)
            if len(customers) == WARNED
            else len(customers),
            "listed": len(customers),
            "amount": amount,
            "amount_label": amount
            and Profile._fields[amount]._description_string(self.env),
            "why": whys,
            "groups": [
                # `sudo()`: only the name of a colleague.
                (
                    user.sudo().name or self.env._("Without a salesperson"),
                    members,
                    table_pagination.split(
                        members, get_texts, table_pagination.LANDSCAPE
                    ),
                )
                for user, members in sorted(
                    groups.items(),
                    key=lambda group: (not group[0], group[0].sudo().name),
                )
            ],
        }

    @api.model
    def _get_explanations(self, customers):
        """Return ``{customer: explanation of their last move}``."""
        History = self.env["crm.lifecycle.history"]
        groups = History._read_group(
            [("profile_id", "in", customers.ids)], ["profile_id"], ["id:max"]
        )
        moves = History.browse([move for _customer, move in groups])
        return {move.profile_id: move.explanation for move in moves}


def get_heat_style(share):
    """Return the style of a cell of the cohort table: darker for higher retention."""
    strength = max(0, min(share, 1))
    color = [round(255 + (end - 255) * strength) for end in (113, 75, 103)]
    ink = "#ffffff" if strength > 0.55 else "#1f2937"
    return f"background-color: rgb({color[0]},{color[1]},{color[2]}); color: {ink}"


def get_retention(cohorts):
    """Return the share of retained customers, by months since they were won.

    Worked example: two cohorts of 10, the older with 10, 6 and 3 active customers, the
    other with 8 and 6. Of 20 customers, 18 and 12 were active; of the older 10, then 3.
    """
    cohorts = [cohort for cohort in cohorts if cohort["size"]]
    shares = []
    for later in range(max((len(cohort["kept"]) for cohort in cohorts), default=0)):
        known = [cohort for cohort in cohorts if len(cohort["kept"]) > later]
        kept = sum(cohort["kept"][later] for cohort in known)
        shares.append(kept / sum(cohort["size"] for cohort in known))
    return shares
