import { registry } from "@web/core/registry";
import { ReportController } from "../report_controller";
import { FlowModel } from "./flow_model";
import { FlowRenderer } from "./flow_renderer";

export const flowView = {
    type: "lifecycle_flow",
    Controller: ReportController,
    searchMenuTypes: ["filter", "favorite"],
    props: (genericProps) => ({
        ...genericProps,
        Model: FlowModel,
        Renderer: FlowRenderer,
        title: genericProps.arch.getAttribute("string") || "",
    }),
};

registry.category("views").add("lifecycle_flow", flowView);
