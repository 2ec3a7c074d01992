from odoo import models
from odoo.tools import get_lang

from odoo.addons.base_import.models.base_import import ImportValidationError

# Number of values by which a column is judged.
SAMPLE_SIZE = 50


class BaseImport(models.TransientModel):
    _inherit = "base_import.import"

    def _convert_import_data(self, fields, options):
        """Refuse stages of customers if their dates would be lost."""
        if (
            self.res_model == "crm.lifecycle.profile"
            and any(name and name.split("/")[0] == "stage_id" for name in fields)
            and "import_stage_date" not in fields
        ):
            self._check_lifecycle_dates(fields, options)
        return super()._convert_import_data(fields, options)

    def _check_lifecycle_dates(self, fields, options):
        """Raise if a column that is not imported has dates."""
        _length, rows = self._read_file(options)
        has_headers = options.get("has_headers")
        for index, name in enumerate(fields):
            if name:
                continue
            column = [str(row[index]).strip() for row in rows if index < len(row)]
            header = column[0] if has_headers and column else str(index + 1)
            values = filter(None, column[1:] if has_headers else column)
            if self._is_lifecycle_date(header, list(values), options):
                raise ImportValidationError(
                    self.env._(
                        "The column “%(column)s” has dates that would be lost: all "
                        "stages would begin today. Choose the field “%(field)s” for "
                        "it, or remove the column from the file.",
                        column=header,
                        field=self._get_lifecycle_date_label(self.env.lang),
                    ),
                    field="import_stage_date",
                    field_type="date",
                )

    def _is_lifecycle_date(self, header, values, options):
        """Return whether a column has the label of the stage date, or only dates."""
        languages = {self.env.lang, *dict(self.env["res.lang"].get_installed())}
        labels = {"import_stage_date", *map(self._get_lifecycle_date_label, languages)}
        if header.casefold() in map(str.casefold, labels):
            return True
        return bool(values) and all(
            # Odoo stores the format that it finds in the options.
            self._try_match_date_time([value], dict(options))
            for value in values[:SAMPLE_SIZE]
        )

    def _get_lifecycle_date_label(self, lang):
        env = self.env(
            context={**self.env.context, "lang": lang or get_lang(self.env).code}
        )
        field = env["crm.lifecycle.profile"]._fields["import_stage_date"]
        return field._description_string(env)
