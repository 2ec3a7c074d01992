"""What staff see of a customer at a glance, wherever they open them."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# Events shown at first, and those added by each “Show more”.
EVENTS, SHORT = 20, 5


class CrmLifecycleProfile(models.Model):
    """The customer at a glance: one answer to the widget that forms show on demand.

    Contacts, leads and orders ask for theirs by `get_overview`; nothing is read
    before somebody looks at it.
    """

    _inherit = "crm.lifecycle.profile"

    stay_ids = fields.One2many(
        comodel_name="crm.lifecycle.stay",
        inverse_name="profile_id",
        string="Time in stages",
        readonly=True,
    )

    # ------------------------------------------------------------
    # Asked by the web client
    # ------------------------------------------------------------

    @api.model
    @api.readonly
    def get_overview(self, model, res_id, short=False):
        """Return the customer of a document at a glance, False if there is none.

        ``short`` is for documents that have other things to show: the first facts,
        the newest events, and no counts of them.
        """
        profile = self._get_profile_of(model, res_id)
        if not profile:
            return False
        limit = SHORT if short else EVENTS
        overview = {
            **profile._get_overview_stage(),
            "facts": profile._get_overview_facts(short),
            "events": profile._get_timeline(limit + 1),
            "kinds": [] if short else profile._get_overview_kinds(),
            "icons": {
                kind: icon
                for kind, (_label, icon) in self._get_timeline_kinds().items()
            },
        }
        overview["more"] = len(overview["events"]) > limit
        overview["events"] = overview["events"][:limit]
        return overview

    @api.model
    @api.readonly
    def get_timeline(self, model, res_id, kinds=(), limit=EVENTS):
        """Return the newest events of the customer of a document, of some kinds."""
        profile = self._get_profile_of(model, res_id)
        if not profile:
            return {"events": [], "more": False}
        limit = max(1, min(limit, 500)) if type(limit) is int else EVENTS
        kinds = kinds if isinstance(kinds, list | tuple) else ()
        kinds = [kind for kind in kinds if isinstance(kind, str)]
        events = profile._get_timeline(limit + 1, kinds)
        return {"events": events[:limit], "more": len(events) > limit}

    @api.model
    def _get_profile_of(self, model, res_id):
        """Return the profile of a document, if the user may see both."""
        if not isinstance(model, str) or type(res_id) is not int:
            raise UserError(self.env._("Name a document by its model and its id."))
        res_id = res_id if 0 < res_id < 2**31 else 0  # no record has another id
        if model == self._name:
            profile = self.browse(res_id).exists()
        elif model in self.env and "lifecycle_profile_id" in self.env[model]._fields:
            record = self.env[model].browse(res_id).exists()
            record.check_access("read")
            profile = record.lifecycle_profile_id
        else:
            raise UserError(
                self.env._("“%(model)s” has no customer of a lifecycle.", model=model)
            )
        profile.check_access("read")
        return profile.with_prefetch()

    # ------------------------------------------------------------
    # Parts
    # ------------------------------------------------------------

    def _get_overview_stage(self):
        """Return where the customer stands, the way there and the way on."""
        self.ensure_one()
        today = self.company_id._lifecycle_today()
        stays = {stay.stage_id.id: stay for stay in self.stay_ids}
        stages = []
        for stage in self.lifecycle_id.stage_ids.sorted(lambda s: (s.sequence, s.id)):
            stay = stays.get(stage.id)
            stages.append(
                {
                    "id": stage.id,
                    "name": stage.name,
                    "category": stage.category,
                    "is_current": stage == self.stage_id,
                    "visits": stay.visit_count if stay else 0,
                    "entered": stay and stay.date_entered,
                    "exited": stay and stay.date_exited,
                    "days": stay.total_days if stay else 0,
                }
            )
        follow_up = self.follow_up_date
        pinned_until = self.pinned_until
        return {
            "id": self.id,
            "name": self.display_name,
            "lifecycle": self.lifecycle_id.name,
            "stage": self.stage_id.name,
            "category": self.stage_category,
            "goal": self.stage_goal,
            "health": self.health,
            "health_label": self._get_shown("health"),
            "health_reasons": self.health_reasons,
            "stages": stages,
            "since": self.stage_date,
            "days": (today - self.stage_date).days if self.stage_date else 0,
            "follow_up": follow_up,
            "follow_up_days": (follow_up - today).days if follow_up else 0,
            "pinned_until": pinned_until
            if pinned_until and pinned_until >= today
            else False,
            "next_action": self.next_action,
            "salesperson": self.user_id.sudo().name,  # a colleague's name
        }

    def _get_overview_facts(self, short=False):
        """Return the facts to show, with what they were a year before.

        Each is ``{"name", "label", "help", "type", "value", "previous",
        "currency_id"}``; a value that is not known is False.
        """
        self.ensure_one()
        names = self._get_overview_fact_names(short)
        known = self._get_known_facts(names)
        facts = []
        for name, previous in names.items():
            field = self._fields[name]
            if not self._has_field_access(field, "read"):
                continue
            currency = field.type == "monetary" and self.currency_id
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

    @api.model
    def _get_overview_fact_names(self, short=False):
        """Extension point: return ``{fact: the fact of the year before or None}``.

        ``short`` asks for those alone that matter on other documents too.
        """
        names = ["last_contact_date", "last_inbound_date", "open_lead_count"]
        if not short:
            names = ["first_seen_date", *names, "won_count", "lost_count"]
        return dict.fromkeys(names)

    def _get_known_facts(self, names):
        """Return a function of the value of a fact, False where it is not known.

        From the table itself, in one look: the ORM reads an empty number as 0.
        """
        self.ensure_one()
        columns = {*names, *filter(None, names.values())}
        self.flush_recordset(columns)
        query = self._as_query(ordered=False)
        [row] = self.env.execute_query_dict(
            query.select(
                *(
                    SQL(
                        "%s AS %s",
                        self._field_to_sql(query.table, name, query),
                        SQL.identifier(name),
                    )
                    for name in sorted(columns)
                    if self._fields[name].column_type and self._fields[name].store
                )
            )
        )

        def known(name):
            value = row.get(name, self[name])
            if value is None:
                return False
            if self._fields[name].type in ("float", "monetary"):
                return float(value)
            return getattr(value, "display_name", value)

        return known

    def _get_overview_kinds(self):
        """Return the kinds of events there are, with their counts of two years."""
        counts = self._get_timeline_counts()
        return [
            {
                "kind": kind,
                "label": label,
                "icon": icon,
                "count": counts.get(kind, (0, 0))[0],
                "previous": counts.get(kind, (0, 0))[1],
            }
            for kind, (label, icon) in self._get_timeline_kinds().items()
            if kind in counts
        ]
