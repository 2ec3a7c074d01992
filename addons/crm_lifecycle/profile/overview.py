"""The overview of a customer, as shown to staff on all forms."""

from odoo.tools import SQL

from ..access import is_readable
from .explain import Explanation
from .move_notice import format_hold
from .timeline import Timeline

# Events shown at first, and added by each “Show more”.
EVENT_LIMIT, SHORT_EVENT_LIMIT = 20, 5


class Overview:
    """Overview of one customer: the stage, the facts, and the latest events."""

    def __init__(self, profile):
        self.profile = profile.ensure_one()
        self.env = profile.env

    def get(self, *, short=False):
        """Return the overview, see `crm.lifecycle.profile.get_overview`."""
        limit = SHORT_EVENT_LIMIT if short else EVENT_LIMIT
        profile = self.profile
        overview = {
            **self.get_stage(),
            "facts": self.get_facts(short=short),
            "events": profile._get_timeline(limit + 1),
            "kinds": [] if short else self.get_kinds(),
            "icons": {
                kind: icon
                for kind, (_label, icon) in profile._get_timeline_kinds().items()
            },
        }
        overview["more"] = len(overview["events"]) > limit
        overview["events"] = overview["events"][:limit]
        return overview

    def get_stage(self):
        """Return the present stage, and the stages before and after it."""
        profile = self.profile
        today = profile.company_id._lifecycle_today()
        durations = {
            duration.stage_id.id: duration for duration in profile.stage_duration_ids
        }
        stages = []
        for stage in profile.lifecycle_id.stage_ids.sorted(
            lambda s: (s.sequence, s.id)
        ):
            duration = durations.get(stage.id)
            stages.append(
                {
                    "id": stage.id,
                    "name": stage.name,
                    "category": stage.category,
                    "is_current": stage == profile.stage_id,
                    "visits": duration.entry_count if duration else 0,
                    "entered": duration and duration.date_entered,
                    "exited": duration and duration.date_exited,
                    "days": duration.total_days if duration else 0,
                }
            )
        follow_up = profile.follow_up_date
        pinned_until = profile.pinned_until
        return {
            "id": profile.id,
            "name": profile.display_name,
            "lifecycle": profile.lifecycle_id.name,
            "stage": profile.stage_id.name,
            "category": profile.stage_category,
            "goal": profile.stage_goal,
            "health": profile.health,
            "health_label": dict(
                profile._fields["health"]._description_selection(profile.env)
            ).get(profile.health),
            "health_reasons": profile.health_reasons,
            "stages": stages,
            "since": profile.stage_date,
            "days": (today - profile.stage_date).days if profile.stage_date else 0,
            "follow_up": follow_up,
            "follow_up_days": (follow_up - today).days if follow_up else 0,
            "pinned_until": pinned_until
            if pinned_until and pinned_until >= today
            else False,
            **self.get_hold(today),
            "next_action": profile.next_action,
            "salesperson": profile.user_id.sudo().name,  # the name of a colleague
        }

    def get_hold(self, today):
        """Return until when the stage is held, and which move waits for that day."""
        held_until = self.profile.held_until
        if not held_until or held_until <= today:
            return {"held_until": False, "hold": ""}
        # sudo: a user who sees the customer may see what decides about it.
        move = Explanation(self.profile.sudo(), today).get_held_move()
        return {
            "held_until": held_until,
            "hold": format_hold(self.env, held_until, move),
        }

    def get_facts(self, *, short=False):
        """Return the facts to show, with their values a year before.

        Each is ``{"name", "label", "help", "type", "value", "previous",
        "currency_id"}``; an unknown value is False.
        """
        profile = self.profile
        names = profile._get_overview_fact_names(short)
        known = self.get_value_reader(names)
        facts = []
        for name, previous in names.items():
            field = profile._fields[name]
            if not is_readable(profile, field.name):
                continue
            currency = field.type == "monetary" and profile.currency_id
            facts.append(
                {
                    "name": name,
                    "label": field._description_string(self.env),
                    "help": field._description_help(self.env),
                    "type": field.type,
                    "value": known(name),
                    "previous": known(previous) if previous else False,
                    "has_trend": bool(previous),
                    "currency_id": currency and currency.id,
                }
            )
        return facts

    def get_value_reader(self, names):
        """Return a function that gives the value of a fact, False if unknown.

        It reads the table in one query: the ORM reads an empty number as 0.
        """
        profile = self.profile
        columns = {*names, *filter(None, names.values())}
        profile.flush_recordset(columns)
        query = profile._as_query(ordered=False)
        [row] = self.env.execute_query_dict(
            query.select(
                *(
                    SQL(
                        "%s AS %s",
                        profile._field_to_sql(query.table, name, query),
                        SQL.identifier(name),
                    )
                    for name in sorted(columns)
                    if profile._fields[name].column_type and profile._fields[name].store
                )
            )
        )

        def known(name):
            value = row.get(name, profile[name])
            if value is None:
                return False
            if profile._fields[name].type in ("float", "monetary"):
                return float(value)
            return getattr(value, "display_name", value)

        return known

    def get_kinds(self):
        """Return the kinds of events that exist, with their counts of two years."""
        counts = Timeline(self.profile).count()
        return [
            {
                "kind": kind,
                "label": label,
                "icon": icon,
                "count": counts.get(kind, (0, 0))[0],
                "previous": counts.get(kind, (0, 0))[1],
            }
            for kind, (label, icon) in self.profile._get_timeline_kinds().items()
            if kind in counts
        ]
