"""The dashboard of points and tiers."""

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
from .lifecycle import COMPANY, MONTHS

CHAINS = {"program": "program_id", "tier": "tier_id", "company": "company_id"}
POINTS = Source("crm.loyalty.points.report", CHAINS, period="date")
CARDS = Source("loyalty.card", {**CHAINS, "tier": "crm_loyalty_tier_id"})
ENTRIES = Source(
    "crm.loyalty.entry",
    {
        "program": "program_id",
        "tier": "card_id.crm_loyalty_tier_id",
        "company": "company_id",
    },
)
CHANGES = Source(
    "crm.loyalty.tier.history",
    {"program": "program_id", "tier": "to_tier_id", "company": "company_id"},
    period="date",
)
REPORT = "crm_loyalty.crm_loyalty_points_report_menu"
# Points of gift cards and eWallets are money, and are not added to points.
LOYALTY = (("program_id.program_type", "=", "loyalty"),)


def points_figure(title, measure, sample, **options):
    return Figure(
        title=title,
        source=POINTS,
        measure=measure,
        domain=LOYALTY,
        sample=sample,
        menu=REPORT,
        **options,
    )


DASHBOARD = Dashboard(
    path="addons/crm_loyalty_dashboard/data/files/loyalty_{}dashboard.json",
    filters=(
        Filter("period", "Period", default="last_90_days"),
        Filter("program", "Programme", "loyalty.program"),
        Filter("tier", "Tier", "crm.loyalty.tier"),
        COMPANY,
    ),
    blocks=(
        FigureRow(
            (
                points_figure("Points issued", "issued", (48200, 41700), compared=True),
                points_figure("Points spent", "spent", (21600, 19800), compared=True),
                points_figure(
                    "Points expired",
                    "expired",
                    (2300, 1900),
                    compared=True,
                    is_bad=True,
                    color=WARNING_COLOR,
                ),
                points_figure(
                    "Outstanding points", "outstanding", (132400, ""), always=True
                ),
                points_figure(
                    "Points liability",
                    "liability",
                    (1324, ""),
                    always=True,
                    color=WARNING_COLOR,
                ),
            )
        ),
        SideBySide(
            Chart(
                title="Points by month",
                kind="bar",
                source=POINTS,
                group_by=("date:month", "kind"),
                measure="outstanding",
                domain=LOYALTY,
                menu=REPORT,
                options={"stacked": True},
                sample=dict(
                    zip(MONTHS, (9100, 8700, 9900, 10400, 9600, 11200), strict=True)
                ),
            ),
            Chart(
                title="Members by tier",
                kind="pie",
                source=CARDS,
                group_by=("crm_loyalty_tier_id",),
                measure="__count",
                domain=(*LOYALTY, ("partner_id", "!=", False)),
                menu="crm_loyalty.menu_cards",
                options={"legendPosition": "left", "showValues": True},
                sample={"Bronze": 560, "Silver": 220, "Gold": 80},
            ),
        ),
        SideBySide(
            Groups(
                title="Programmes",
                source=POINTS,
                group_field="program_id",
                head="Programme",
                measures=(
                    ("issued", "Issued", "count"),
                    ("spent", "Spent", "count"),
                    ("expired", "Expired", "count"),
                ),
                order="issued",
                limit=6,
                menu=REPORT,
                sample=(("Loyalty card", 48200, 21600, 2300),),
            ),
            Groups(
                title="Liability by tier",
                source=POINTS,
                group_field="tier_id",
                head="Tier",
                domain=LOYALTY,
                measures=(
                    ("outstanding", "Points", "count"),
                    ("liability", "Liability", None),
                    ("liability_expected", "Expected", None),
                ),
                always=True,
                order="liability",
                limit=6,
                menu=REPORT,
                sample=(
                    ("Gold", 61000, 610, 540),
                    ("Silver", 48000, 480, 430),
                    ("Bronze", 23400, 234, 190),
                ),
            ),
        ),
        SideBySide(
            Groups(
                title="Tier changes",
                source=CHANGES,
                group_field="kind",
                head="Why",
                measures=(("__count", "Members", "count"),),
                limit=3,
                menu="crm_loyalty.crm_loyalty_tier_history_menu",
                sample=(("Upgrade", 37), ("Period over", 11)),
            ),
            Groups(
                title="Members by programme",
                source=CARDS,
                group_field="program_id",
                head="Programme",
                domain=(("partner_id", "!=", False),),
                measures=(("__count", "Members", "count"),),
                order="__count",
                limit=3,
                menu="crm_loyalty.menu_cards",
                sample=(("Loyalty card", 860),),
            ),
        ),
        SideBySide(
            RecordList(
                title="Members with most points",
                source=CARDS,
                columns=(
                    ("partner_id", "Customer", None),
                    ("crm_loyalty_tier_id", "Tier", None),
                    ("points", "Points", "count"),
                ),
                domain=(*LOYALTY, ("partner_id", "!=", False)),
                order=("-points",),
                menu="crm_loyalty.menu_cards",
                sample=(
                    ("Northwind", "Gold", 8200),
                    ("Contoso", "Gold", 6100),
                    ("Fabrikam", "Silver", 4700),
                ),
            ),
            RecordList(
                title="Points that expire in 30 days",
                source=ENTRIES,
                columns=(
                    ("partner_id", "Customer", None),
                    ("expiration_date", "Expires", "date"),
                    ("remaining", "Points", "count"),
                ),
                domain=(
                    *LOYALTY,
                    ("remaining", ">", 0),
                    ("expiration_date", ">=", "today"),
                    ("expiration_date", "<=", "today +30d"),
                ),
                order=("expiration_date", "-remaining"),
                menu="crm_loyalty.menu_ledger",
                sample=(
                    ("Contoso", "2026-07-03", 320),
                    ("Northwind", "2026-07-09", 1200),
                ),
            ),
        ),
    ),
)

DASHBOARDS = (DASHBOARD,)
