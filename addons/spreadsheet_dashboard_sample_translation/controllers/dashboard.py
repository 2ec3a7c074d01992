from odoo import http
from odoo.http import request

from odoo.addons.spreadsheet_dashboard.controllers.dashboards_controllers import (
    DashboardDataRoute,
)


class SampleRoute(DashboardDataRoute):
    @http.route()
    def get_dashboard_data(self, dashboard):
        """Add the translation namespace to sample data, as Odoo does for real data.

        Without it, chart titles and table heads are not translated.
        """
        response = super().get_dashboard_data(dashboard)
        data = response.json
        if not data.get("is_sample"):
            return response
        namespace = dashboard._get_dashboard_translation_namespace()
        return request.make_json_response({**data, "translation_namespace": namespace})
