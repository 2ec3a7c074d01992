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
        ratings.filtered("rating")._mark_lifecycle_pending()
        return ratings

    def write(self, vals):
        """Queue the customer when a rating is given or reset."""
        if not vals.keys() & {"rating", "consumed", "res_id", "res_model_id"}:
            return super().write(vals)
        self._mark_lifecycle_pending()
        result = super().write(vals)
        self._mark_lifecycle_pending()
        return result

    def unlink(self):
        self._mark_lifecycle_pending()
        return super().unlink()

    def _mark_lifecycle_pending(self):
        """Add the customers of the rated tickets to the work list of the runs."""
        # `sudo()` also queues customers of tickets that the user may not read.
        for model, ratings in self.sudo().grouped("res_model").items():
            if self.env["crm.lifecycle.source.ticket"]._get_ticket_kind(model):
                tickets = self.env[model].sudo().browse(ratings.mapped("res_id"))
                tickets.exists()._mark_lifecycle_pending()
