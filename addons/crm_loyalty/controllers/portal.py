from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from odoo.addons.loyalty.controllers.portal import CustomerPortalLoyalty
from odoo.addons.portal.controllers.portal import pager as portal_pager


class CustomerPortalTier(CustomerPortalLoyalty):
    """The points of a customer on the portal: balance, tier, entries, statement."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "loyalty_points_count" in counters:
            values["loyalty_points_count"] = len(self._get_my_loyalty_cards())
        return values

    def _get_my_loyalty_cards(self):
        """Return the cards of the customer, with sudo."""
        Card = request.env["loyalty.card"]
        if not Card.has_access("read"):
            return Card
        # Customers may read only their own cards; the page also shows their programs
        # and tiers.
        cards_sudo = Card.search(
            [("partner_id", "=", request.env.user.partner_id.id)]
        ).sudo()
        return cards_sudo.filtered(
            lambda card: card.program_id.active and card.program_type == "loyalty"
        )

    def _get_my_loyalty_card(self, card_id):
        """Return a card of the customer.

        :raises AccessError: if the card belongs to another customer
        """
        card_sudo = self._document_check_access("loyalty.card", card_id)
        # On the portal, staff who may read all cards also see only their own.
        if card_sudo.partner_id != request.env.user.partner_id:
            raise AccessError(request.env._("This card belongs to somebody else."))
        # Keep the language of the portal: sudo() reads the names of tiers and
        # programs, which the customer may not read.
        return card_sudo.with_context(lang=request.env.lang)

    def _prepare_loyalty_values(self, cards):
        return {
            "cards": cards,
            "page_name": "loyalty",
        }

    @http.route("/my/loyalty", type="http", auth="user", website=True, readonly=True)
    def portal_my_loyalty(self, **kw):
        return request.render(
            "crm_loyalty.portal_my_loyalty",
            self._prepare_loyalty_values(self._get_my_loyalty_cards()),
        )

    @http.route(
        ["/my/loyalty/<int:card_id>", "/my/loyalty/<int:card_id>/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def portal_my_loyalty_card(self, card_id, page=1, **kw):
        try:
            card_sudo = self._get_my_loyalty_card(card_id)
        except (AccessError, MissingError):
            return request.redirect("/my")
        Entry = request.env["crm.loyalty.entry"].sudo()  # of their own card
        domain = [("card_id", "=", card_sudo.id)]
        pager = portal_pager(
            url=f"/my/loyalty/{card_sudo.id}",
            total=Entry.search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        entries = Entry.search(
            domain, limit=self._items_per_page, offset=pager["offset"]
        )
        return request.render(
            "crm_loyalty.portal_my_loyalty_card",
            {
                **self._prepare_loyalty_values(card_sudo),
                "card": card_sudo,
                "entries": entries,
                "texts": entries._get_statement_texts(),
                "expiring": card_sudo._get_expiring(
                    card_sudo.program_id._get_loyalty_today()
                ),
                "pager": pager,
            },
        )

    @http.route(
        "/my/loyalty/<int:card_id>/statement",
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_loyalty_statement(self, card_id, **kw):
        try:
            card_sudo = self._get_my_loyalty_card(card_id)
        except (AccessError, MissingError):
            return request.redirect("/my")
        return self._show_report(
            model=card_sudo,
            report_type="pdf",
            report_ref="crm_loyalty.action_report_statement",
            download=True,
        )
