/** Dashboards that refresh automatically, for screens on a wall. */
import { useEffect } from "@odoo/owl";
import { readonlyAllowedCommands } from "@odoo/o-spreadsheet";
import { SpreadsheetDashboardAction } from "@spreadsheet_dashboard/bundle/dashboard_action/dashboard_action";
import {
    DashboardLoader,
    Status,
} from "@spreadsheet_dashboard/bundle/dashboard_action/dashboard_loader_service";
import { browser } from "@web/core/browser/browser";
import { patch } from "@web/core/utils/patch";

// Refreshing data does not change the dashboard.
readonlyAllowedCommands.add("REFRESH_ALL_DATA_SOURCES");
readonlyAllowedCommands.add("REFRESH_PIVOT");

patch(DashboardLoader.prototype, {
    _getFetchGroupsSpecification() {
        const specification = super._getFetchGroupsSpecification();
        specification.published_dashboard_ids.fields.lifecycle_refresh_seconds = {};
        return specification;
    },
});

patch(SpreadsheetDashboardAction.prototype, {
    setup() {
        super.setup();
        useEffect(
            (model, seconds) => {
                if (!model || !seconds) {
                    return;
                }
                this.state.sidebarExpanded = false;
                const { pendingPromises } = model.config.custom.odooDataProvider;
                const refresh = () => {
                    // Do not restart a refresh that is still pending: a slow one would
                    // never end.
                    if (!pendingPromises.size) {
                        model.dispatch("REFRESH_ALL_DATA_SOURCES");
                    }
                };
                const timer = browser.setInterval(refresh, seconds * 1000);
                return () => browser.clearInterval(timer);
            },
            () => {
                const dashboard = this.loader.getActiveDashboard();
                const isLoaded = dashboard?.status === Status.Loaded;
                return [
                    isLoaded && !dashboard.isSample && dashboard.model,
                    dashboard?.data.lifecycle_refresh_seconds,
                ];
            }
        );
    },
});
