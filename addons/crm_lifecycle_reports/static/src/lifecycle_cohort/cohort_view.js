import { registry } from "@web/core/registry";
import { ReportController } from "../report_controller";
import { CohortModel } from "./cohort_model";
import { CohortRenderer } from "./cohort_renderer";

export const cohortView = {
    type: "lifecycle_cohort",
    Controller: ReportController,
    searchMenuTypes: ["filter", "favorite"],
    props: (genericProps) => ({
        ...genericProps,
        Model: CohortModel,
        Renderer: CohortRenderer,
        title: genericProps.arch.getAttribute("string") || "",
    }),
};

registry.category("views").add("lifecycle_cohort", cohortView);
