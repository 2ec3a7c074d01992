"""The dashboard of service tickets of all kinds, by the stage of the customers."""

from .builder import (
    WARNING_COLOR,
    Chart,
    Dashboard,
    Figure,
    FigureRow,
    Filter,
    RecordList,
    SideBySide,
    Source,
)
from .builder import Table as Groups
from .lifecycle import (
    CHAINS,
    COMPANY,
    LIFECYCLE,
    MONTHS,
    PROFILES,
    SALESPERSON,
    TEAM,
)

TICKETS = Source("crm.lifecycle.ticket.report", CHAINS, period="date")
REPORT = "crm_lifecycle_service_reports.crm_lifecycle_ticket_report_menu"
CUSTOMERS = "crm_lifecycle.crm_lifecycle_profile_menu"


def ticket_figure(title, measure, sample, **options):
    return Figure(
        title=title,
        source=TICKETS,
        measure=measure,
        sample=sample,
        menu=REPORT,
        **{"compared": True, **options},
    )


def ticket_table(title, field, head, sample):
    return Groups(
        title=title,
        source=TICKETS,
        group_field=field,
        head=head,
        measures=(
            ("ticket_count", "Tickets", "count"),
            ("response_hours", "Hours", "number"),
            ("satisfied_rate", "CSAT", "share"),
        ),
        order="ticket_count",
        menu=REPORT,
        sample=sample,
    )


DASHBOARD = Dashboard(
    path="addons/crm_lifecycle_service_reports/data/files/service_{}dashboard.json",
    filters=(
        Filter("period", "Period", default="last_90_days"),
        LIFECYCLE,
        TEAM,
        SALESPERSON,
        COMPANY,
    ),
    blocks=(
        FigureRow(
            (
                ticket_figure("Tickets", "ticket_count", (184, 201), is_bad=True),
                # Use the count stored on customers: counting again reads all tickets.
                Figure(
                    "Open tickets now",
                    PROFILES,
                    "ticket_open_count",
                    (17, ""),
                    menu=CUSTOMERS,
                    domain=(("ticket_open_count", ">", 0),),
                    always=True,
                    color=WARNING_COLOR,
                ),
                ticket_figure(
                    "Hours to answer",
                    "response_hours",
                    (3.4, 4.1),
                    format_="number",
                    is_bad=True,
                ),
                ticket_figure(
                    "Days until closed",
                    "closing_days",
                    (2.2, 2.6),
                    format_="number",
                    is_bad=True,
                ),
                ticket_figure(
                    "CSAT",
                    "satisfied_rate",
                    (0.91, 0.88),
                    format_="share",
                ),
            )
        ),
        SideBySide(
            Chart(
                title="Tickets by month",
                kind="bar",
                source=TICKETS,
                group_by=("date:month",),
                measure="ticket_count",
                menu=REPORT,
                options={"showValues": True},
                sample=dict(zip(MONTHS, (58, 61, 66, 71, 60, 53), strict=True)),
            ),
            Chart(
                title="CSAT by month",
                kind="line",
                source=TICKETS,
                group_by=("date:month",),
                measure="satisfied_rate",
                domain=(("rating", ">", 0),),
                menu=REPORT,
                sample=dict(
                    zip(MONTHS, (0.86, 0.88, 0.87, 0.9, 0.92, 0.91), strict=True)
                ),
            ),
        ),
        SideBySide(
            ticket_table(
                "By stage of the customer",
                "stage_id",
                "Stage",
                (("Growing", 82, 3.1, 0.93), ("At risk", 31, 5.2, 0.74)),
            ),
            ticket_table(
                "By sales team",
                "team_id",
                "Sales Team",
                (("Direct sales", 120, 3.2, 0.92), ("Website", 64, 3.9, 0.88)),
            ),
        ),
        SideBySide(
            RecordList(
                title="Customers with open tickets",
                source=PROFILES,
                columns=(
                    ("display_name", "Customer", None),
                    ("stage_id", "Stage", None),
                    ("ticket_open_count", "Open", "count"),
                    ("ticket_oldest_open_date", "Since", "date"),
                ),
                domain=(("ticket_open_count", ">", 0),),
                order=("-ticket_open_count", "ticket_oldest_open_date"),
                menu=CUSTOMERS,
                sample=(
                    ("Northwind", "At risk", 3, "2026-06-19"),
                    ("Contoso", "Growing", 2, "2026-06-24"),
                ),
            ),
            RecordList(
                title="Unhappy customers",
                source=PROFILES,
                columns=(
                    ("display_name", "Customer", None),
                    ("stage_id", "Stage", None),
                    ("rating_last", "Rating", "number"),
                    ("rating_last_date", "Rated on", "date"),
                ),
                domain=(("rating_last", ">", 0), ("rating_last", "<=", 2)),
                order=("-rating_last_date",),
                menu=CUSTOMERS,
                sample=(
                    ("Fabrikam", "At risk", 1, "2026-06-21"),
                    ("Northwind", "At risk", 2, "2026-06-18"),
                ),
            ),
        ),
    ),
)

DASHBOARDS = (DASHBOARD,)
