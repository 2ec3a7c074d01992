"""Simulated users with the RPC calls of the web client; see `bench.load`."""

import os
import random
import threading
import time

import requests

# Seconds between a response and the next call, up to half more or less.
PAUSE = float(os.environ.get("LOAD_PAUSE") or 1)
# A move that the lifecycle refuses is a valid response, not a failure.
ANSWER = "odoo.exceptions.UserError"
COLORS = {"planned": "success", "today": "warning", "overdue": "danger"}
NAMES = ("bench", "customer", "an", "12", "77")
Profile = "crm.lifecycle.profile"


class RequestFailed(Exception):
    """The server responded with an error."""


class SimulatedUser(threading.Thread):
    """A user who works until stopped, and records the response time of each call."""

    def __init__(self, url, database, number, screens, start):
        super().__init__(daemon=True)
        self.random = random.Random(number)
        self.url = url
        self.database = database
        self.number = number
        self.screens = screens
        self.begin = start  # a barrier: measuring starts when all users are warm
        self.stop = threading.Event()
        self.waits = []  # (what, seconds)
        self.failures = []
        self.refused_moves = 0
        self.session = requests.Session()

    def run(self):
        works = (self.look_at_contacts, self.order, self.work_on_kanban)
        try:
            self._log_in()
            for work in works:
                self._do(work)
            self.waits.clear()
        finally:
            self.begin.wait()
        while not self.stop.is_set():
            self._do(self.random.choice(works))

    def _do(self, work):
        try:
            work()
        except (RequestFailed, requests.RequestException) as error:
            self.failures.append(f"{work.__name__}: {type(error).__name__}: {error}")

    # ------------------------------------------------------------
    # Calls
    # ------------------------------------------------------------

    def _log_in(self):
        login = f"load_{self.number}"
        self._post(
            "/web/session/authenticate",
            {"db": self.database, "login": login, "password": login},
        )

    def _post(self, path, params):
        answer = self.session.post(
            self.url + path, json={"jsonrpc": "2.0", "params": params}, timeout=60
        ).json()
        if "error" in answer:
            data = answer["error"].get("data", {})
            raise RequestFailed(f"{data.get('name')}: {data.get('message')}")
        return answer["result"]

    def _timed(self, what, path, params):
        self.stop.wait(PAUSE * self.random.uniform(0.5, 1.5))
        started = time.monotonic()
        try:
            return self._post(path, params)
        finally:
            self.waits.append((what, time.monotonic() - started))

    def _call(self, what, model, method, *args, route="call_kw", **kwargs):
        kwargs["context"] = {
            "lang": "en_US",
            "tz": "Europe/Brussels",
            "allowed_company_ids": [self.screens["company_id"]],
            **kwargs.get("context", {}),
        }
        return self._timed(
            what,
            f"/web/dataset/{route}/{model}/{method}",
            {"model": model, "method": method, "args": list(args), "kwargs": kwargs},
        )

    def _draw_customer(self):
        return self.random.choice(self.screens["customer_ids"])

    # ------------------------------------------------------------
    # Contacts
    # ------------------------------------------------------------

    def look_at_contacts(self):
        """Open a page of the list by stage, search, then change and note a contact."""
        self._list_contacts(
            "contacts: list by stage",
            [("lifecycle_category", "in", ["customer", "loyal", "at_risk"])],
            offset=80 * self.random.randrange(50),
        )
        name = self.random.choice(NAMES)
        self._list_contacts(
            "contacts: search",
            ["|", ("complete_name", "ilike", name), ("email", "ilike", name)],
        )
        partner_id = self._draw_customer()
        form = self.screens["contact_form"]
        self._call(
            "contact: open", "res.partner", "web_read", [partner_id], specification=form
        )
        self._read_messages("res.partner", partner_id)
        self._call(
            "contact: at a glance", Profile, "get_overview", "res.partner", partner_id
        )
        self._call(
            "contact: save",
            "res.partner",
            "web_save",
            [partner_id],
            {"city": f"City {self.random.randrange(1000)}"},
            specification=form,
        )
        self._timed(
            "contact: note",
            "/mail/message/post",
            {
                "thread_model": "res.partner",
                "thread_id": partner_id,
                "post_data": {
                    "body": f"Called, {self.random.random()}",
                    "message_type": "comment",
                    "subtype_xmlid": "mail.mt_note",
                },
            },
        )

    def _list_contacts(self, what, domain, offset=0):
        self._call(
            what,
            "res.partner",
            "web_search_read",
            domain,
            specification=self.screens["contact_list"],
            limit=80,
            offset=offset,
            count_limit=10001,
        )

    def _read_messages(self, model, res_id):
        self._timed(
            "chatter",
            "/mail/thread/messages",
            {
                "thread_model": model,
                "thread_id": res_id,
                "fetch_params": {"limit": 30},
            },
        )

    # ------------------------------------------------------------
    # Orders
    # ------------------------------------------------------------

    def order(self):
        """Create a quotation with a line, and confirm it most of the time."""
        form = self.screens["order_form"]
        self._call("order: new", "sale.order", "onchange", [], {}, [], form)
        self._call(
            "order: find the customer",
            "res.partner",
            "web_name_search",
            name=self.random.choice(NAMES),
            specification={"display_name": {}},
            limit=8,
        )
        line = {
            "product_id": self.screens["product_id"],
            "product_uom_qty": 1,
            "price_unit": self.random.randrange(10, 200),
        }
        [order] = self._call(
            "order: save",
            "sale.order",
            "web_save",
            [],
            {"partner_id": self._draw_customer(), "order_line": [(0, 0, line)]},
            specification=form,
        )
        if self.random.random() < 0.8:
            self._call(
                "order: confirm",
                "sale.order",
                "action_confirm",
                [order["id"]],
                route="call_button",
            )
        self._call(
            "order: open",
            "sale.order",
            "web_read",
            [order["id"]],
            specification=form,
        )

    # ------------------------------------------------------------
    # Kanban
    # ------------------------------------------------------------

    def work_on_kanban(self):
        """Load the columns with their cards, then open, note and drag a card."""
        groups = self._read_kanban()
        cards = [card for group in groups for card in group.get("__records", ())]
        if not cards:
            return
        card_id = self.random.choice(cards)["id"]
        form = self.screens["customer_form"]
        self._call("customer: open", Profile, "web_read", [card_id], specification=form)
        self._call("customer: at a glance", Profile, "get_overview", Profile, card_id)
        self._call(
            "customer: save",
            Profile,
            "web_save",
            [card_id],
            {"note": f"<p>Seen by {self.number}</p>"},
            specification=form,
        )
        stage_id = self.random.choice(groups)["stage_id"][0]
        try:
            self._call(
                "kanban: drag a card",
                Profile,
                "web_save",
                [card_id],
                {"stage_id": stage_id},
                specification=self.screens["kanban"],
            )
        except RequestFailed as refusal:
            if ANSWER not in str(refusal):
                raise
            self.refused_moves += 1

    def _read_kanban(self):
        domain = [("stage_id", "!=", False)]
        groups = self._call(
            "kanban: columns and cards",
            Profile,
            "web_read_group",
            domain,
            ["stage_id"],
            self.screens["kanban_sums"],
            limit=10,
            auto_unfold=True,
            opening_info=[],
            unfold_read_specification=self.screens["kanban"],
            unfold_read_default_limit=40,
            groupby_read_specification={},
            context={"read_group_expand": True},
        )["groups"]
        self._call(
            "kanban: progress bars",
            Profile,
            "read_progress_bar",
            domain=domain,
            group_by="stage_id",
            progress_bar={"field": "follow_up_state", "colors": COLORS},
        )
        return [group for group in groups if group["stage_id"]]
