"""Comparison of contacts by stage and by country, as a salesperson."""

from ..measure import best_of
from .common import get_companies
from .users import create_salesperson

LIMIT = 80
TIMES = 5
# Columns of the list of contacts without our addons, and those that we add.
COLUMNS = ("complete_name", "email", "phone", "city", "country_id", "user_id")
OURS = (
    "lifecycle_stage_id",
    "lifecycle_stage_date",
    "lifecycle_category",
    "lifecycle_follow_up_date",
    "lifecycle_last_contact_date",
    "lifecycle_first_seen_date",
)


def measure_reading(env):
    """Time the same queries by stage and by country, best of five each."""
    company = get_companies(env)[0]
    Partner = create_salesperson(env, company)["res.partner"]
    values = _get_values(Partner)
    pairs = _get_pairs(values)
    result = {
        "values": [
            {"stage": stage.display_name, "country": country.display_name, "rows": rows}
            for stage, country, rows in values
        ],
        "pairs": {
            name: {
                "stage": _time(Partner, by_stage),
                "country": _time(Partner, by_country),
            }
            for name, (by_stage, by_country) in pairs.items()
        },
    }
    env.cr.rollback()
    return result


def _get_values(Partner):
    """Return each stage with a country of about as many contacts."""
    by_stage = Partner._read_group([], ["lifecycle_stage_id"], ["__count"])
    by_country = Partner._read_group([], ["country_id"], ["__count"])
    countries = [(country, count) for country, count in by_country if country]
    return [
        (
            stage,
            min(countries, key=lambda item: abs(item[1] - count))[0],
            {
                "stage": count,
                "country": min(
                    (abs(found - count), found) for _country, found in countries
                )[1],
            },
        )
        for stage, count in by_stage
        if stage
    ]


def _get_pairs(values):
    """Return ``{name: (query by stage, the same by country)}``."""

    def both(work):
        return (
            lambda Partner: [
                work(Partner, [("lifecycle_stage_id", "=", stage.id)])
                for stage, _country, _rows in values
            ],
            lambda Partner: [
                work(Partner, [("country_id", "=", country.id)])
                for _stage, country, _rows in values
            ],
        )

    def group(field):
        return lambda Partner: Partner.formatted_read_group([], [field], ["__count"])

    def sort(order):
        return lambda Partner: Partner.search([], order=order, limit=LIMIT)

    def show(columns, domain=()):
        specification = {name: _get_specification(name) for name in columns}
        return lambda Partner: Partner.web_search_read(
            list(domain), specification, limit=LIMIT, count_limit=10001
        )

    stage, country, _rows = values[-1]
    return {
        "count": both(lambda Partner, domain: Partner.search_count(domain)),
        "group": (group("lifecycle_stage_id"), group("country_id")),
        "filter": both(lambda Partner, domain: Partner.search(domain, limit=LIMIT)),
        "sort": (sort("lifecycle_stage_date desc"), sort("country_id")),
        "sort by stage": (sort("lifecycle_stage_id"), sort("country_id")),
        "list": (show(COLUMNS + OURS), show(COLUMNS)),
        "list, filtered": (
            show(COLUMNS + OURS, [("lifecycle_stage_id", "=", stage.id)]),
            show(COLUMNS, [("country_id", "=", country.id)]),
        ),
    }


def _get_specification(name):
    return {"fields": {"display_name": {}}} if name.endswith("_id") else {}


def _time(Partner, work):
    def fresh():
        Partner.env.invalidate_all()
        work(Partner)

    fresh()
    return best_of(TIMES, fresh)
