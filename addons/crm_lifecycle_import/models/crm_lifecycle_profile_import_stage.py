"""Import stages: moving imported customers to the stages of their rows."""

from collections import Counter
from datetime import date

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.moves import REASON_ENTERS, Move, MoveService

# Lower limit of dates: earlier ones are typos, or the zero date of a spreadsheet.
EARLIEST = date(1950, 1, 1)


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    @api.model
    def _set_import_stages(self, doing):
        """Move the customers to the stages of their rows, all rows at once.

        Several rows of one customer are its history: the first rows are placed first.
        Rows that the history has already are skipped, each as often as it has them, so
        that the same file adds nothing.
        """
        profiles = self.browse({item[1] for item in doing.import_stages})
        if not profiles:
            return
        find = self._get_import_stage_finder(profiles)
        settled = self._get_settled_profiles(doing, find)
        known = profiles._get_known_moves()
        skips = {
            profile_id: Counter((stage_id, day) for stage_id, _origin, day in moves)
            for profile_id, moves in known.items()
        }
        for rows in doing.get_nth_rows():
            moves = {}
            for profile_id, (row, stage_value, day) in rows.items():
                profile = self.browse(profile_id)
                try:
                    stage = find(profile, stage_value)
                    if not stage:
                        profile._check_day_without_stage(day, known.get(profile_id, []))
                        continue
                    if not day and profile_id in settled:
                        continue
                    day = profile._get_import_stage_date(day)
                    skip = skips.setdefault(profile_id, Counter())
                    if skip[stage.id, day]:
                        skip[stage.id, day] -= 1
                        continue
                    past = known.setdefault(profile_id, [])
                    profile._check_later_moves(stage, day, past)
                    past.append((stage.id, "import", day))
                    moves.setdefault(stage, {})[profile_id] = day
                except UserError as error:
                    doing.refused[row] = str(error)
            for stage, days in moves.items():
                refused = self.browse(days)._get_refusal_reasons(stage)
                for profile, why in refused.items():
                    doing.refused[rows[profile.id][0]] = profile._format_refusal(
                        stage, why
                    )
                    del days[profile.id]
                if days:
                    self._move_to_import_stage(stage, days)
        profiles._mark_pending(review=True)

    @api.model
    def _get_settled_profiles(self, doing, find):
        """Return the ids of customers who are in the stage of their last row.

        Rows without a date add nothing for them, on a later day too.
        """
        settled = set()
        last = {
            profile_id: stage for _row, profile_id, stage, _day in doing.import_stages
        }
        for profile_id, stage_value in last.items():
            profile = self.browse(profile_id)
            try:
                stage = find(profile, stage_value)
            except UserError:
                continue  # the row is refused in its turn
            if stage and stage == profile.stage_id:
                settled.add(profile_id)
        return settled

    def _check_day_without_stage(self, day, known):
        """Raise if a day is imported that belongs to no stage of the history."""
        if day and day != self.stage_date and day not in {row[-1] for row in known}:
            raise UserError(
                self.env._(
                    "%(customer)s: the row has the stage date %(day)s and no stage. "
                    "Write the stage that began on that day.",
                    customer=self.display_name,
                    day=day,
                )
            )

    def _get_import_stage_date(self, day):
        """Return the day on which an imported stage began."""
        today = self.company_id._lifecycle_today()
        if day and day > today:
            raise UserError(
                self.env._(
                    "%(customer)s: the stage date %(day)s is still to come. Write the "
                    "day on which the stage began.",
                    customer=self.display_name,
                    day=day,
                )
            )
        if day and day < EARLIEST:
            raise UserError(
                self.env._(
                    "%(customer)s: the stage date %(day)s is too long ago. Write the "
                    "day on which the stage began, %(earliest)s or later.",
                    customer=self.display_name,
                    day=day,
                    earliest=EARLIEST,
                )
            )
        return day or today

    def _get_known_moves(self):
        """Return the moves of the customers to compare imported ones with.

        Moves without a meaningful day are excluded: entering the lifecycle, the moves
        of its first run, and merges.

        :return: ``{profile id: [(stage id, origin, day), …]}``
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT profile_id, to_stage_id, origin, date
                  FROM crm_lifecycle_history
                 WHERE profile_id = ANY(%(ids)s)
                   AND origin IN ('manual', 'import', 'replay', 'rule')
                   AND is_voided IS NOT TRUE
                   AND reason IS DISTINCT FROM %(enters)s
                   AND NOT (origin = 'rule'
                            AND (is_quiet IS TRUE OR from_stage_id IS NULL))
                """,
                ids=self.ids,
                enters=REASON_ENTERS,
            )
        )
        known = {}
        for profile_id, *move in rows:
            known.setdefault(profile_id, []).append(tuple(move))
        return known

    def _check_later_moves(self, stage, day, known):
        """Raise if the customer has moved after the day of an imported stage.

        The day on which the present stay began may be corrected, back to the move
        before it.

        :param known: the moves of the customer, see `_get_known_moves`
        """
        self.ensure_one()
        later = [
            date
            for stage_id, _origin, date in known
            if date > day and not stage_id == stage.id == self.stage_id.id
        ]
        if later:
            raise UserError(
                self.env._(
                    "%(customer)s: the stage date %(day)s is before the move on "
                    "%(last)s. Write that day or a later one, or leave out the row.",
                    customer=self.display_name,
                    day=day,
                    last=max(later),
                )
            )

    @api.model
    def _move_to_import_stage(self, stage, days):
        """Move customers to a stage, each on its own day.

        Customers who are in the stage already stay; the row may correct the date.
        """
        # sudo: access is checked by the caller.
        profiles = self.sudo().browse(days)
        move = Move(stage=stage, origin="import", days=days, quiet=True)
        service = MoveService(profiles.env)
        others = profiles - service.move(profiles, move)
        wrong = others.filtered(lambda profile: profile.stage_date != days[profile.id])
        if wrong:
            service.correct_date(wrong, move)

    @api.model
    def _get_import_stage_finder(self, profiles):
        """Return a function that finds the stage of a row, by name or code.

        It searches the lifecycle of the customer. For customers without one, it
        searches the lifecycle that takes them, or else all active lifecycles.
        """
        Lifecycle = self.env["crm.lifecycle"]
        active = Lifecycle._get_active(self.env.company)
        taking = Lifecycle._get_matching_lifecycles(
            profiles.filtered(lambda p: not p.lifecycle_id)
        )
        stages = (active | profiles.lifecycle_id).stage_ids
        by_name = {}
        for lang, _name in self.env["res.lang"].get_installed():
            for stage in stages.with_context(lang=lang):
                for key in {stage.name, stage.code}:
                    if key:
                        key = key.strip().casefold()
                        by_name.setdefault(key, set()).add(stage.id)

        def find(profile, stage_value):
            own = profile.lifecycle_id or taking.get(profile.id)
            lifecycles = own or active
            if not stage_value:
                return self._get_first_import_stage(profile, own)
            if isinstance(stage_value, str):
                found = by_name.get(stage_value.strip().casefold(), ())
                found = self.env["crm.lifecycle.stage"].browse(found)
            else:
                found = self.env["crm.lifecycle.stage"].browse(stage_value)
            found = found.filtered(lambda stage: stage.lifecycle_id in lifecycles)
            if len(found) != 1:
                raise UserError(
                    self._get_unknown_stage_text(profile, stage_value, found, own)
                )
            return found

        return find

    @api.model
    def _get_first_import_stage(self, profile, lifecycle):
        """Return the first stage, for a new customer with no stage in the row."""
        if profile.stage_id or not lifecycle:
            return self.env["crm.lifecycle.stage"]
        return lifecycle.stage_ids.sorted("sequence")[:1]

    @api.model
    def _get_unknown_stage_text(self, profile, stage_value, found, lifecycle):
        """Return the error message for a row without exactly one matching stage."""
        if not isinstance(stage_value, str):
            # sudo: the name of the stage that the user has chosen.
            stage_value = (
                self.env["crm.lifecycle.stage"].browse(stage_value).sudo().display_name
            )
        if not lifecycle:
            return self.env._(
                "%(customer)s: no active lifecycle takes this customer, and there is "
                "not exactly one stage “%(stage)s”.",
                customer=profile.display_name,
                stage=stage_value,
            )
        names = {
            "customer": profile.display_name,
            "stage": stage_value,
            "lifecycle": lifecycle.name,
        }
        if found:
            return self.env._(
                "%(customer)s: the lifecycle “%(lifecycle)s” has several stages "
                "“%(stage)s”. Write the code of the stage.",
                **names,
            )
        return self.env._(
            "%(customer)s: there is no stage “%(stage)s” in the lifecycle "
            "“%(lifecycle)s”. Its stages are: %(stages)s.",
            stages=", ".join(lifecycle.stage_ids.mapped("name")),
            **names,
        )
