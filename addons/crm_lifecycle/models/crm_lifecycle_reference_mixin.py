from odoo import api, models

MAX_ID = 2**31 - 1


class CrmLifecycleReferenceMixin(models.AbstractModel):
    """Record that may only refer to records that its writer may read.

    A many2one shows the name of its record to readers of this one, and some computed
    fields show more. So access to the records in `_readable_fields` is checked on
    create and write, in default values from the context, and in unsaved forms.
    """

    _name = "crm.lifecycle.reference.mixin"
    _description = "References to Readable Records"

    # Relational fields with ids from the caller.
    _readable_fields = ()

    @api.model_create_multi
    def create(self, vals_list):
        self._check_references(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._check_references([vals])
        return super().write(vals)

    @api.model
    def default_get(self, fields):
        defaults = super().default_get(fields)
        self._check_references([defaults])
        return defaults

    def onchange(self, values, field_names, fields_spec):
        self._check_references([values])
        return super().onchange(values, field_names, fields_spec)

    def _check_references(self, vals_list):
        """Raise if values refer to records that the user may not read.

        References that these records already have may stay.

        :raises AccessError: the error of reading the record
        """
        if self.env.su:
            return
        for name in self._readable_fields:
            ids = {
                id_
                for vals in vals_list
                if vals.get(name)
                for id_ in get_ids(vals[name])
            }
            if ids and any(self._ids):
                ids -= set(self.sudo()[name].ids)  # sudo: only compares ids
            if ids:
                self.env[self._fields[name].comodel_name].browse(ids).check_access(
                    "read"
                )


def get_ids(value):
    """Return the ids in a value of a relational field, as clients send it.

    The value is an id, ``(id, name)``, ``{"id": …}``, or a list of ids, of these, or of
    commands.
    """
    if isinstance(value, models.BaseModel):
        return set(value._ids)
    if isinstance(value, dict):
        return get_ids(value.get("id"))
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and isinstance(value[1], str):  # id and name
            return get_ids(value[0])
        return {id_ for item in value for id_ in _get_command_ids(item)}
    is_id = isinstance(value, int) and not isinstance(value, bool)
    return {value} if is_id and 0 < value <= MAX_ID else set()


def _get_command_ids(item):
    """Return the ids that an item of a command list links or updates."""
    if not isinstance(item, (list, tuple)):
        return get_ids(item)
    if not item or item[0] not in (1, 4, 6):
        return set()
    if item[0] == 6:
        return get_ids(item[2]) if len(item) > 2 else set()
    return get_ids(item[1]) if len(item) > 1 else set()
