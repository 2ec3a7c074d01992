"""The dashboard of survey scores, by the stage of the customer at the time."""

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
from .lifecycle import CHAINS, COMPANY, LIFECYCLE, MONTHS, SALESPERSON, TEAM

ANSWERS = Source("crm.lifecycle.satisfaction.report", CHAINS, period="date")
REPORT = "crm_lifecycle_survey.crm_lifecycle_satisfaction_report_menu"
NPS = (("kind", "=", "nps"),)


def nps_figure(title, measure, sample):
    """Return the figure of an NPS."""
    return Figure(
        title=title,
        source=ANSWERS,
        measure=measure,
        domain=NPS,
        sample=sample,
        compared=True,
        shows="difference",
        format_="number",
        menu=REPORT,
    )


def answers_figure(title, category, sample, **options):
    """Return the figure of answers of an NPS group."""
    return Figure(
        title=title,
        source=ANSWERS,
        measure="__count",
        domain=NPS,
        group_field="nps_category",
        values=(category,),
        sample=sample,
        compared=True,
        menu=REPORT,
        **options,
    )


DASHBOARD = Dashboard(
    path="addons/crm_lifecycle_survey_reports/data/files/satisfaction_{}dashboard.json",
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
                nps_figure("NPS", "nps", (41.5, 36.2)),
                nps_figure("NPS, latest answers", "nps_latest", (38.4, 35.1)),
                answers_figure("Promoters", "promoter", (58, 49)),
                answers_figure("Passives", "passive", (26, 25)),
                answers_figure(
                    "Detractors",
                    "detractor",
                    (16, 18),
                    is_bad=True,
                    color=WARNING_COLOR,
                ),
            )
        ),
        SideBySide(
            Chart(
                title="NPS by month",
                kind="line",
                source=ANSWERS,
                group_by=("date:month",),
                measure="nps",
                domain=NPS,
                menu=REPORT,
                sample=dict(zip(MONTHS, (31, 34, 33, 38, 40, 42), strict=True)),
            ),
            Chart(
                title="NPS by stage",
                kind="bar",
                source=ANSWERS,
                group_by=("stage_id",),
                measure="nps",
                domain=NPS,
                menu=REPORT,
                options={"showValues": True},
                sample={"First deal": 35, "Growing": 44, "Loyal": 68, "At risk": -22},
            ),
        ),
        SideBySide(
            Groups(
                title="Measures",
                source=ANSWERS,
                group_field="kind",
                head="Measure",
                measures=(
                    ("__count", "Answers", "count"),
                    ("score", "Mean", "number"),
                ),
                menu=REPORT,
                sample=(("NPS", 100, 8.2), ("CSAT", 74, 4.4)),
            ),
            RecordList(
                title="Detractors",
                source=ANSWERS,
                columns=(
                    ("profile_id", "Customer", None),
                    ("stage_id", "Stage", None),
                    ("score", "Score", "count"),
                    ("date", "Date", "date"),
                ),
                domain=(*NPS, ("nps_category", "=", "detractor")),
                order=("-date", "-id"),
                menu=REPORT,
                sample=(
                    ("Fabrikam", "At risk", 2, "2026-06-21"),
                    ("Northwind", "Growing", 5, "2026-06-18"),
                ),
            ),
        ),
    ),
)

DASHBOARDS = (DASHBOARD,)
