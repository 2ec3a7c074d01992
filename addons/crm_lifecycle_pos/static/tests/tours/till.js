/** A sale and a refund at the till, and what a salesperson sees of them. */
import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as TicketScreen from "@point_of_sale/../tests/pos/tours/utils/ticket_screen_util";
import { registry } from "@web/core/registry";

const pay = () => [
    PaymentScreen.clickPaymentMethod("Card"),
    PaymentScreen.clickValidate(),
    ReceiptScreen.isShown(),
];

registry.category("web_tour.tours").add("crm_lifecycle_pos_sale", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Ada at the till"),
            ProductScreen.addOrderline("Coffee", "2", "10"),
            ProductScreen.clickPayButton(),
            pay(),
            ReceiptScreen.clickNextOrder(),
        ].flat(Infinity),
});

registry.category("web_tour.tours").add("crm_lifecycle_pos_refund", {
    steps: () =>
        [
            Chrome.startPoS(),
            ProductScreen.clickRefund(),
            TicketScreen.selectOrder("001"),
            ProductScreen.clickNumpad("2"),
            TicketScreen.toRefundTextContains("To Refund: 2"),
            TicketScreen.confirmRefund(),
            PaymentScreen.isShown(),
            pay(),
        ].flat(Infinity),
});

registry.category("web_tour.tours").add("crm_lifecycle_pos_customer", {
    steps: () => [
        {
            content: "The customer is lost, because all goods came back",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Lost')",
        },
        {
            content: "Open the timeline of the customer",
            trigger: ".o_notebook .nav-link[name=overview]",
            run: "click",
        },
        {
            content: "The timeline shows the order and the refund",
            trigger:
                ".o_lifecycle_timeline:has(.o_kind_sale:contains('Till order')):has(.o_kind_sale:contains('Refund'))",
        },
        {
            content: "And both moves",
            trigger:
                ".o_lifecycle_timeline:has(.o_kind_stage:contains('Customer')):has(.o_kind_stage:contains('Lost'))",
        },
        {
            content: "Open the order from the timeline",
            trigger: ".o_lifecycle_timeline .o_kind_sale:contains('Till order')",
            run: "click",
        },
        {
            content: "It shows the stage of its customer",
            trigger: "button[name=action_open_lifecycle_profile]:contains('Lost')",
        },
        {
            content: "Open the page of the lifecycle",
            trigger: ".o_notebook .nav-link[name=lifecycle]",
            run: "click",
        },
        {
            content: "It has the overview of the customer",
            trigger: ".o_lifecycle_overview_short:contains('Lost')",
        },
    ],
});
