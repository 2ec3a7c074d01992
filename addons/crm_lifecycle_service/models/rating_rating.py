from odoo import api, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class RatingRating(models.Model):
    _inherit = "rating.rating"

    _lifecycle_written_idx = watermark_index(
        "write_date, (COALESCE(rated_on, write_date))"
    )

    @api.model_create_multi
    def create(self, vals_list):
        ratings = super().create(vals_list)
        ratings.filtered("rating")._touch_lifecycle()
        return ratings

    def write(self, vals):
        """A rating that is given, or taken back, moves its customer at once."""
        if not vals.keys() & {"rating", "consumed", "res_id", "res_model_id"}:
            return super().write(vals)
        self._touch_lifecycle()
        result = super().write(vals)
        self._touch_lifecycle()
        return result

    def unlink(self):
        self._touch_lifecycle()
        return super().unlink()

    def _touch_lifecycle(self):
        """Put the customers of the rated tickets on the work list of the runs."""
        # Which ticket is rated is noted for the runs, not shown.
        for model, ratings in self.sudo().grouped("res_model").items():
            if self.env["crm.lifecycle.source.ticket"]._get_kind(model):
                tickets = self.env[model].sudo().browse(ratings.mapped("res_id"))
                tickets.exists()._touch_lifecycle()
