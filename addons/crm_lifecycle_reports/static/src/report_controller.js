import { Component, useRef } from "@odoo/owl";
import { useBus } from "@web/core/utils/hooks";
import { useModel } from "@web/model/model";
import { useSetupAction } from "@web/search/action_hook";
import { CogMenu } from "@web/search/cog_menu/cog_menu";
import { Layout } from "@web/search/layout";
import { SearchBar } from "@web/search/search_bar/search_bar";
import { useSearchBarToggler } from "@web/search/search_bar/search_bar_toggler";
import { ActionHelper } from "@web/views/action_helper";
import { standardViewProps } from "@web/views/standard_view_props";

/** Controller of reports with their own renderer: search panel and result. */
export class ReportController extends Component {
    static template = "crm_lifecycle_reports.ReportController";
    static components = { ActionHelper, CogMenu, Layout, SearchBar };
    static props = {
        ...standardViewProps,
        Model: Function,
        Renderer: Function,
        title: String,
    };

    setup() {
        this.model = useModel(this.props.Model, {
            resModel: this.props.resModel,
            // Restore the options when the user comes back.
            options: this.props.state?.options,
        });
        useBus(this.model.bus, "update", () => this.render(true));
        useSetupAction({
            rootRef: useRef("root"),
            getLocalState: () => ({ options: this.model.options }),
        });
        this.searchBarToggler = useSearchBarToggler();
    }
}
