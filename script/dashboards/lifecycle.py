"""The overview for managers, and the churn warnings for the wall display of a team."""

from .builder import (
    WARNING_COLOR,
    Chart,
    Dashboard,
    Figure,
    FigureRow,
    Filter,
    RecordList,
    RefreshTime,
    SideBySide,
    Source,
    Stack,
    Table,
)

FILES = "addons/crm_lifecycle_reports/data/files/"
MENU = "crm_lifecycle_reports.crm_lifecycle_{}_menu"
CUSTOMERS = ("customer", "loyal", "at_risk")

LIFECYCLE = Filter("lifecycle", "Lifecycle", "crm.lifecycle")
TEAM = Filter("team", "Sales Team", "crm.team")
SALESPERSON = Filter("salesperson", "Salesperson", "res.users")
COMPANY = Filter("company", "Company", "res.company")
COUNTRY = Filter("country", "Country", "res.country")
SOURCE = Filter("source", "Source", "utm.source")
TAG = Filter("tag", "Tag", "crm.lifecycle.tag")
CHAINS = {
    "lifecycle": "lifecycle_id",
    "team": "team_id",
    "salesperson": "user_id",
    "company": "company_id",
    "country": "country_id",
    "source": "source_id",
    "tag": "tag_ids",
}

STAGE_ENTRIES = Source("crm.lifecycle.stage.report", CHAINS, period="date")
GROWTH = Source("crm.lifecycle.growth.report", CHAINS, period="date")
CUSTOMERS_TODAY = Source("crm.lifecycle.customer.report", CHAINS)
PROFILES = Source(
    "crm.lifecycle.profile",
    {
        "lifecycle": "lifecycle_id",
        "team": "user_id.sale_team_id",
        "salesperson": "user_id",
        "company": "company_id",
        "tag": "tag_ids",
    },
)

MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06")
STAGES = {
    "Prospect": 410,
    "First deal": 260,
    "Growing": 180,
    "Loyal": 95,
    "At risk": 40,
}


def stage_figure(title, values, sample, **options):
    """Return the figure of customers in stages of some categories."""
    return Figure(
        title=title,
        source=CUSTOMERS_TODAY,
        measure="customer_count",
        group_field="stage_category",
        values=values,
        sample=(sample, ""),
        menu=MENU.format("customer_report"),
        **options,
    )


def growth_figure(title, measure, now, before, **options):
    """Return the figure of customers won or lost, compared with the previous period."""
    return Figure(
        title=title,
        source=GROWTH,
        measure=measure,
        domain=(("net", "!=", 0),),
        sample=(now, before),
        compared=True,
        menu=MENU.format("growth_report"),
        **options,
    )


OVERVIEW = Dashboard(
    path=FILES + "lifecycle_{}dashboard.json",
    filters=(
        Filter("period", "Period", default="last_90_days"),
        LIFECYCLE,
        TEAM,
        SALESPERSON,
        COMPANY,
        COUNTRY,
        SOURCE,
        TAG,
    ),
    blocks=(
        FigureRow(
            (
                stage_figure("Customers", CUSTOMERS, 575),
                stage_figure("At risk now", ("at_risk",), 40, color=WARNING_COLOR),
                growth_figure("New", "new_count", 64, 51),
                growth_figure("Reactivated", "reactivated_count", 12, 15),
                growth_figure(
                    "Churned",
                    "churned_count",
                    21,
                    26,
                    is_bad=True,
                    color=WARNING_COLOR,
                ),
            )
        ),
        SideBySide(
            Chart(
                title="Customers won and lost",
                kind="bar",
                source=GROWTH,
                group_by=("date:month", "kind"),
                measure="net",
                domain=(("net", "!=", 0),),
                menu=MENU.format("growth_report"),
                options={"stacked": True},
                sample=dict(zip(MONTHS, (18, 25, 9, 31, 22, 28), strict=True)),
            ),
            Chart(
                title="Entries into stages",
                kind="funnel",
                source=STAGE_ENTRIES,
                group_by=("stage_id",),
                measure="entry_count",
                menu=MENU.format("stage_report"),
                options={"showValues": True},
                sample=STAGES,
            ),
        ),
        SideBySide(
            Chart(
                title="Customers by stage today",
                kind="bar",
                source=CUSTOMERS_TODAY,
                group_by=("stage_id",),
                measure="customer_count",
                menu=MENU.format("customer_report"),
                options={"horizontal": True, "showValues": True},
                sample=STAGES,
            ),
            Table(
                title="What became of the visits",
                source=STAGE_ENTRIES,
                group_field="stage_id",
                head="Stage",
                measures=(
                    ("entry_count", "Entries", "count"),
                    ("up_rate", "Moved up", "share"),
                    ("lost_rate", "Lost", "share"),
                ),
                menu=MENU.format("stage_report"),
                sample=(
                    ("Prospect", 410, 0.42, 0.18),
                    ("First deal", 260, 0.51, 0.09),
                    ("Growing", 180, 0.37, 0.06),
                    ("Loyal", 95, 0, 0.02),
                ),
            ),
        ),
        SideBySide(
            Table(
                title="Growth by sales team",
                source=GROWTH,
                group_field="team_id",
                head="Sales Team",
                domain=(("net", "!=", 0),),
                measures=(
                    ("new_count", "New", "count"),
                    ("churned_count", "Churned", "count"),
                    ("net", "Net", "count"),
                ),
                order="net",
                limit=8,
                menu=MENU.format("growth_report"),
                sample=(("Direct sales", 41, 12, 34), ("Website", 23, 9, 21)),
            ),
            Table(
                title="Customers by source",
                source=CUSTOMERS_TODAY,
                group_field="source_id",
                head="Source",
                domain=(("stage_category", "in", CUSTOMERS),),
                measures=(("customer_count", "Customers", "count"),),
                order="customer_count",
                limit=8,
                menu=MENU.format("customer_report"),
                sample=(("Referral", 210), ("Fair", 142), ("Search engine", 97)),
            ),
        ),
    ),
)


# Entries to stages at risk, in the history. Health has no history.
AT_RISK = ("stage_category", "=", "at_risk")
# By stage, by a tag that is a warning, or by any other sign of health.
PROFILE_AT_RISK = ("is_at_risk", "=", True)


def risk_figure(title, sample, *domain, **options):
    """Return the figure of customers at risk that also match a domain."""
    return Figure(
        title=title,
        source=PROFILES,
        measure="__count",
        domain=(PROFILE_AT_RISK, *domain),
        sample=(sample, ""),
        menu="crm_lifecycle.crm_lifecycle_profile_menu",
        color=WARNING_COLOR,
        **options,
    )


def entry_figure(title, sample, category, days, **options):
    """Return the figure of entries to stages of a category in the last days."""
    return Figure(
        title=title,
        source=RECENT_ENTRIES,
        measure="entry_count",
        domain=(("stage_category", "=", category), ("date", ">=", f"today -{days}d")),
        sample=(sample, ""),
        menu=MENU.format("stage_report"),
        **options,
    )


# The wall display has no period: it shows the current state and the last days.
RECENT_ENTRIES = Source("crm.lifecycle.stage.report", CHAINS)
RECENT_GROWTH = Source("crm.lifecycle.growth.report", CHAINS)

CHURN_WARNING = Dashboard(
    path=FILES + "churn_warning_{}dashboard.json",
    filters=(LIFECYCLE, TEAM, SALESPERSON, COMPANY),
    halves=((250, 120, 150, 150, 120, 120), (160, 90, 90)),
    card=140,
    blocks=(
        FigureRow(
            (
                risk_figure("At risk now", 14),
                entry_figure("New in 7 days", 5, "at_risk", 7, color=WARNING_COLOR),
                risk_figure(
                    "Nothing planned",
                    6,
                    ("next_activity_date", "=", False),
                ),
                risk_figure(
                    "Follow-up overdue",
                    3,
                    ("is_follow_up_due", "=", True),
                ),
                entry_figure("Lost in 30 days", 4, "lost", 30, color=WARNING_COLOR),
                Figure(
                    title="Won back in 30 days",
                    source=RECENT_GROWTH,
                    measure="reactivated_count",
                    domain=(
                        ("kind", "=", "reactivated"),
                        ("date", ">=", "today -30d"),
                    ),
                    sample=(2, ""),
                    menu=MENU.format("growth_report"),
                ),
            )
        ),
        RefreshTime(),
        SideBySide(
            RecordList(
                title="Customers at risk",
                source=PROFILES,
                columns=(
                    ("display_name", "Customer", None),
                    ("stage_id", "Stage", None),
                    ("stage_date", "In stage since", "date"),
                    ("user_id", "Salesperson", None),
                    ("last_contact_date", "Last contact", "date"),
                    ("next_activity_date", "Next activity", "date"),
                ),
                domain=(PROFILE_AT_RISK,),
                order=("-stage_date", "-id"),
                limit=18,
                style="wall",
                row_size=32,
                menu="crm_lifecycle.crm_lifecycle_profile_menu",
                sample=(
                    ("Northwind", "At risk", "2026-06-22", "Ada", "2026-05-30", ""),
                    ("Contoso", "At risk", "2026-06-20", "Bob", "2026-04-11", ""),
                    ("Fabrikam", "Loyal", "2026-06-17", "Ada", "2026-06-01", ""),
                ),
            ),
            Stack(
                (
                    Chart(
                        title="At risk by salesperson",
                        kind="bar",
                        source=PROFILES,
                        group_by=("user_id",),
                        measure="__count",
                        domain=(PROFILE_AT_RISK,),
                        menu="crm_lifecycle.crm_lifecycle_profile_menu",
                        rows=9,
                        options={"horizontal": True, "showValues": True},
                        sample={"Ada": 8, "Bob": 4, "Cyd": 2},
                    ),
                    Chart(
                        title="Warnings by week",
                        kind="bar",
                        source=RECENT_ENTRIES,
                        group_by=("date:week",),
                        measure="entry_count",
                        domain=(AT_RISK, ("date", ">=", "today -84d")),
                        menu=MENU.format("stage_report"),
                        rows=9,
                        options={"showValues": True},
                        sample={"2026-W24": 3, "2026-W25": 6, "2026-W26": 5},
                    ),
                )
            ),
        ),
    ),
)

DASHBOARDS = (OVERVIEW, CHURN_WARNING)
