"""Versions of a lifecycle: its rules, since when, and who changed them."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS, Domain

from ..access import can_read_record
from ..engine import files
from ..file_reader import PARTS
from ..profile.formatter import ConditionFormatter

# Fields that the version shows as a whole, or that are not worth a line.
UNLISTED_FIELDS = {"id", *PARTS, "color", "template_code"}


class CrmLifecycleVersion(models.Model):
    """Lifecycle as it was between two changes. Rows are never changed.

    Each save that changes an active lifecycle adds one row, however many fields it
    changes. The history of customers refers to the version that moved them.
    """

    _name = "crm.lifecycle.version"
    _description = "Lifecycle Version"
    _order = "lifecycle_id, number desc"
    _rec_name = "number"

    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="lifecycle_id.company_id", store=True, index="btree_not_null"
    )
    number = fields.Integer(string="Version", aggregator=None, required=True)
    create_date = fields.Datetime(string="Since")
    create_uid = fields.Many2one(comodel_name="res.users", string="Changed by")
    # Contains names of records that the user may not read: see `_compute_changes`.
    snapshot = fields.Json(required=True, prefetch=False, groups=NO_ACCESS)
    changes = fields.Html(
        string="What changed",
        compute="_compute_changes",
        sanitize=False,  # built from escaped lines only
    )

    _number_unique = models.UniqueIndex("(lifecycle_id, number)")

    @api.depends("snapshot")
    @api.depends_context("lang", "uid")
    def _compute_changes(self):
        previous = self._get_previous()
        for version in self:
            lines = version._get_changes(previous.get(version.id))
            version.changes = Markup('<ul class="mb-0 ps-3">%s</ul>') % Markup().join(
                Markup("<li>%s</li>") % line for line in lines
            )

    @api.depends("lifecycle_id.name", "number")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(lifecycle)s, version %(number)s",
                lifecycle=version.lifecycle_id.name,
                number=version.number,
            )

    # ------------------------------------------------------------
    # Append only
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise UserError(
                self.env._(
                    "Versions are written by changes of a lifecycle alone. Change the "
                    "lifecycle instead."
                )
            )
        return super().create(vals_list)

    def write(self, vals):
        """Refuse changes, except in the transaction that adds the row."""
        if (
            not self.env.su
            or vals.keys() - {"snapshot"}
            or not self._is_from_this_transaction()
        ):
            raise UserError(
                self.env._(
                    "A version can't be changed. Change the lifecycle, which makes a "
                    "new version."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The versions of a lifecycle can't be deleted."))

    def _is_from_this_transaction(self):
        """Return whether this transaction added the row: it has its timestamp."""
        return all(version.create_date == self.env.cr.now() for version in self)

    @api.model
    def _create_snapshot(self, lifecycle):
        """Store the present state of a lifecycle, as one version per save."""
        snapshot = self.env["crm.lifecycle.file"]._serialize(lifecycle)
        # sudo: any user who may change the lifecycle adds its version.
        Version = self.sudo()
        last = Version.search([("lifecycle_id", "=", lifecycle.id)], limit=1)
        if last and last.snapshot == snapshot:
            return
        if last and last._is_from_this_transaction():
            last.snapshot = snapshot
            return
        if last:
            lifecycle.version += 1
        Version.create(
            {
                "lifecycle_id": lifecycle.id,
                "number": lifecycle.version,
                "snapshot": snapshot,
            }
        )

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_restore(self):
        """Create a draft of the lifecycle from this version, and open it."""
        self.ensure_one()
        self.lifecycle_id.check_access("write")
        data = files.check(
            {
                "format": files.FORMAT,
                "schema": files.SCHEMA,
                # A copy, since the stored snapshot must not change.
                "lifecycle": {**self.sudo().snapshot},  # sudo: checked on creation
            }
        )
        lifecycle, skipped = self.env["crm.lifecycle.file"]._create_from_data(
            data, self.lifecycle_id.company_id, local=True
        )
        lifecycle.name = self.env._(
            "%(name)s (version %(number)s)", name=lifecycle.name, number=self.number
        )
        lifecycle._log_skipped_parts(skipped)
        return lifecycle._get_form_action()

    # ------------------------------------------------------------
    # What changed
    # ------------------------------------------------------------

    def _get_previous(self):
        """Return ``{id: previous version}``, and only fetch the snapshots needed."""
        numbers = self.search_fetch(
            [("lifecycle_id", "in", self.lifecycle_id.ids)], ["lifecycle_id", "number"]
        )
        before = {}
        for versions in numbers.grouped("lifecycle_id").values():
            ordered = versions.sorted("number")
            before.update(zip(ordered.ids[1:], ordered.ids, strict=False))
        needed = {before[version.id] for version in self if version.id in before}
        # sudo: only shown by `_ChangeFormatter`, which hides what the user may not
        # read.
        (self | self.browse(needed)).sudo().fetch(["snapshot"])
        return {key: self.browse(value) for key, value in before.items()}

    def _get_changes(self, previous=None):
        """Return the changes of the version, as lines in the user's language."""
        self.ensure_one()
        if not previous:
            return [self.env._("The first version kept")]
        # sudo: only shown by `_ChangeFormatter`, which hides what the user may not
        # read.
        old, new = previous.sudo().snapshot, self.sudo().snapshot
        label = self.env["crm.lifecycle.file"]._get_item_label
        words = _ChangeFormatter(self, old, new)
        lines = words.compare("crm.lifecycle", old, new, "")
        for part, model_name in PARTS.items():
            before = {item["id"]: item for item in old.get(part, [])}
            after = {item["id"]: item for item in new.get(part, [])}
            for key, item in after.items():
                name = label(model_name, words.text(item["name"]))
                if key in before:
                    lines += words.compare(model_name, before[key], item, name)
                else:
                    lines.append(self.env._("%(item)s added", item=name))
            for key, item in before.items():
                if key not in after:
                    name = label(model_name, words.text(item["name"]))
                    lines.append(self.env._("%(item)s deleted", item=name))
            if [key for key in before if key in after] != [
                key for key in after if key in before
            ]:
                lines.append(
                    self.env._(
                        "The order of the %(part)s changed: %(names)s",
                        part=self.env["crm.lifecycle.file"]._get_part_label(part),
                        names=", ".join(words.text(item["name"]) for item in new[part]),
                    )
                )
        return lines or [self.env._("Nothing that people see")]


class _ChangeFormatter:
    """Describes the differences of two snapshots in the user's language."""

    def __init__(self, version, old, new):
        self.env = version.env
        self.names = {
            stage["code"]: self.text(stage["name"])
            for snapshot in (old, new)
            for stage in snapshot.get("stages", [])
        }

    def text(self, value):
        return files.text_of(value, self.env.lang)

    def compare(self, model_name, old, new, item):
        """Return a line for each changed field."""
        lines = []
        known = self.env["crm.lifecycle.file"]._get_fields(model_name)
        for name in {**new, **old}:
            if name in UNLISTED_FIELDS or old.get(name) == new.get(name):
                continue
            field = known.get(name)
            label = field._description_string(self.env) if field else name
            what = f"{item}: {label}" if item else label
            if field is not None and field.type == "html":
                lines.append(self.env._("%(what)s changed", what=what))
                continue
            lines.append(self._get_line(what, field, old.get(name), new.get(name)))
        return lines

    def _get_line(self, what, field, old, new):
        before, after = self.format_value(field, old), self.format_value(field, new)
        if before == after and field is not None and field.relational:
            return self.env._("%(what)s changed", what=what)
        if before == after:
            # Only texts in other languages have changed.
            return self.env._("%(what)s changed in another language", what=what)
        return self.env._(
            "%(what)s changed from “%(old)s” to “%(new)s”",
            what=what,
            old=before,
            new=after,
        )

    def format_value(self, field, value):
        """Return a value of a snapshot as text."""
        if field is not None and field.name == "domain":
            return self._format_conditions(value)
        if isinstance(value, bool):
            return self.env._("yes") if value else self.env._("no")
        if value is None or value in ("", [], {}):
            any_stage = field is not None and field.name == "from_stage_ids"
            return self.env._("any stage") if any_stage else self.env._("none")
        if isinstance(value, list):
            return ", ".join(self.format_value(field, item) for item in value)
        if isinstance(value, dict):
            return self._format_record(value) if "model" in value else self.text(value)
        if field is not None and field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, str(value))
        if field is not None and field.relational:
            return self.names.get(value, str(value))
        return str(value)

    def _format_record(self, reference):
        """Return the name of a record, if the user may read it."""
        model = self.env.get(reference["model"])
        record = model is not None and model.browse(reference.get("id")).exists()
        if record and not can_read_record(record):
            return self.env._("hidden")
        return reference["name"] or self.env._("none")

    def _format_conditions(self, value):
        """Return conditions as text, unformatted if a fact no longer exists."""
        Profile = self.env["crm.lifecycle.profile"]
        try:
            domain = Domain(_get_conditions(value or []))
            if domain.is_true():
                return self.env._("everybody")
            return ConditionFormatter(Profile).format_domain(domain, Profile)
        except (ValueError, TypeError, KeyError, AttributeError):
            return str(value)


def _get_conditions(items):
    """Return conditions of a snapshot with ids instead of references."""
    if isinstance(items, dict):
        return items.get("id")
    if not isinstance(items, list):
        return items
    if len(items) != 3 or not isinstance(items[0], str) or items[0] in "&|!":
        return [_get_conditions(item) for item in items]
    path, operator, value = items
    return (path, operator, _get_conditions(value))
