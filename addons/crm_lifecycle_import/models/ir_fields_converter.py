from odoo import api, models

from .crm_lifecycle_profile import get_import


class IrFieldsConverter(models.AbstractModel):
    _inherit = "ir.fields.converter"

    @api.model
    def db_id_for(self, model, field, subfield, value, savepoint):
        """Use the customers found for all rows; a stage is found with its customer."""
        if model._name == "crm.lifecycle.profile":
            if field.name == "stage_id" and subfield is None:
                return (value or "").strip() or False, []
            if field.name == "partner_id":
                doing = get_import(self.env)
                found = doing.partners.get((subfield, value), ()) if doing else ()
                if len(found) > 1:
                    raise self._format_import_error(
                        ValueError,
                        self.env._(
                            "“%s” are several contacts: write the email, the reference "
                            "or the external ID in the column “%%(field)s”."
                        ),
                        value,
                    )
                if found:
                    return found[0], []
        return super().db_id_for(model, field, subfield, value, savepoint)
