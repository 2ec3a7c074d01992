from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, freeze_time, tagged

from .common_tier import TierCase


@tagged("post_install", "-at_install")
class TestPortal(TierCase, HttpCase):
    """Customers see their own points on the portal, and no others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.silver.perks = "<p>Free delivery</p>"
        cls.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 365}
        )
        today = cls.program._get_loyalty_today()
        cls.entry = cls._earn(600, today)
        cls.portal = cls._user("cust_polly", "base.group_portal")
        cls.card.partner_id = cls.portal.partner_id
        cls.portal.partner_id.name = "Ada"
        cls.other = cls._user("cust_otto", "base.group_portal")
        cls.foreign = cls._card(cls.other.partner_id)
        cls._earn(77, today, cls.foreign)

    def _get(self, url, user=None):
        login = (user or self.portal).login
        self.authenticate(login, login)
        return self.url_open(url, allow_redirects=False)

    # Own card

    def test_the_page_tells_balance_tier_and_what_is_missing(self):
        page = self._get("/my/loyalty")
        self.assertEqual(page.status_code, 200)
        for text in ("Club", "600", "Silver", "400 Points more", "Gold"):
            self.assertIn(text, page.text)
        self.assertNotIn("77", page.text.split('id="wrap"')[-1].split("</main>")[0])

    def test_the_card_tells_history_and_perks(self):
        page = self._get(f"/my/loyalty/{self.card.id}")
        for text in ("Free delivery", "Earned", "+600", self.card.code):
            self.assertIn(text, page.text)

    def test_what_staff_wrote_about_an_adjustment_stays_with_them(self):
        self.card._post_points(-5, "adjust", reason="Suspected fraud")
        page = self._get(f"/my/loyalty/{self.card.id}")
        self.assertIn("Adjusted", page.text)
        self.assertNotIn("Suspected fraud", page.text)

    def test_pending_points_are_told_apart(self):
        self.card._post_points(33, "earn", available_date=date(2999, 1, 1))
        page = self._get(f"/my/loyalty/{self.card.id}")
        self.assertRegex(page.text, r'name="pending">\s*33')
        self.assertRegex(page.text, r'name="available">\s*600')

    def test_the_statement_is_a_pdf(self):
        statement = self._get(f"/my/loyalty/{self.card.id}/statement")
        self.assertEqual(statement.headers["Content-Type"], "application/pdf")
        # Odoo doesn't convert HTML to PDF in tests.
        self.assertIn("Points Statement", statement.text)
        self.assertIn(self.card.code, statement.text)

    def test_a_customer_without_a_card_is_told_so(self):
        nobody = self._user("cust_nora", "base.group_portal")
        page = self._get("/my/loyalty", nobody)
        self.assertIn("You have no loyalty card yet", page.text)

    def test_pages_of_the_history_can_be_turned(self):
        self.env["loyalty.card"]._post_many(
            [
                {"card": self.card, "points": 1, "kind": "earn", "key": f"n{number}"}
                for number in range(90)
            ]
        )
        page = self._get(f"/my/loyalty/{self.card.id}/page/2")
        self.assertEqual(page.status_code, 200)
        self.assertIn("+600", page.text)

    # Cards of other customers

    def test_somebody_elses_card_leads_back_to_the_portal(self):
        for path in ("", "/page/2", "/statement"):
            answer = self._get(f"/my/loyalty/{self.foreign.id}{path}")
            self.assertIn(answer.status_code, (302, 303), path)
            self.assertTrue(answer.headers["Location"].endswith("/my"), path)

    def test_a_card_that_is_not_there_leads_back_to_the_portal(self):
        answer = self._get("/my/loyalty/999999999")
        self.assertIn(answer.status_code, (302, 303))

    def test_staff_do_not_see_customers_cards_on_their_own_portal(self):
        answer = self._get(f"/my/loyalty/{self.card.id}", self.reader)
        self.assertIn(answer.status_code, (302, 303))
        page = self._get("/my/loyalty", self.reader)
        self.assertIn("You have no loyalty card yet", page.text)

    def test_who_is_not_logged_in_is_asked_to(self):
        self.authenticate(None, None)
        answer = self.url_open(f"/my/loyalty/{self.card.id}", allow_redirects=False)
        self.assertIn("/web/login", answer.headers["Location"])

    def test_the_rules_show_a_portal_user_the_own_cards_alone(self):
        env = self.env(user=self.portal)
        self.assertEqual(env["loyalty.card"].search([]), self.card)
        self.assertEqual(env["crm.loyalty.entry"].search([]), self.entry)
        with self.assertRaises(AccessError):
            self.foreign.with_user(self.portal).read(["points"])
        with self.assertRaises(AccessError):
            self.card.with_user(self.portal).points = 1000
        with self.assertRaises(AccessError):
            env["crm.loyalty.tier.history"].search([])

    # RPC

    def test_customers_read_of_entries_what_the_page_shows(self):
        entry = self.card._post_points(-5, "adjust", reason="Suspected fraud")
        bonus = self.card._post_points(7, "bonus", reason="Sorry: Late delivery")
        own = entry.with_user(self.portal)
        shown = {
            "id",
            "display_name",
            "card_id",
            "date",
            "kind",
            "points",
            "description",
            "available_date",
            "expiration_date",
        }
        self.assertEqual(set(own.fields_get()), shown)
        self.assertEqual(
            own.read(["points", "kind", "description"]),
            [
                {
                    "id": entry.id,
                    "points": -5,
                    "kind": "adjust",
                    "description": "Adjusted",
                }
            ],
        )
        self.assertEqual(
            bonus.with_user(self.portal).description, "Sorry: Late delivery"
        )
        own.search([("points", "<", 0), ("date", ">", "2020-01-01")], order="date")
        values = {"many2one": 1, "integer": 1, "float": 1, "monetary": 1}
        values |= {"date": "2026-01-01", "datetime": "2026-01-01", "boolean": True}
        for name, field in own._fields.items():
            if name in shown:
                continue
            condition = [(name, "=", values.get(field.type, "x"))]
            ways = {
                "read": lambda n=name: own.read([n]),
                "search": lambda c=condition: own.search(c),
                "path": lambda n=name, c=condition: self.card.with_user(
                    self.portal
                ).search([(f"crm_loyalty_entry_ids.{n}", *c[0][1:])]),
            }
            if field.store and field.column_type:
                ways["order"] = lambda n=name: own.search([], order=n)
                ways["group"] = lambda n=name: own._read_group([], [n])
                ways["aggregate"] = lambda n=name: own._read_group(
                    [], [], [f"{n}:array_agg"]
                )
            for way, work in ways.items():
                with self.subTest(field=name, way=way), self.assertRaises(AccessError):
                    work()

    def test_a_seal_is_not_guessed_letter_by_letter(self):
        entry = self.card._post_points(-5, "adjust", reason="Suspected fraud")
        own = entry.with_user(self.portal)
        for condition in (
            [("reason", "like", "Susp%")],
            [("user_id.name", "like", "O")],
            [("create_uid.name", "like", "O")],
            [("hash", "like", "a%")],
        ):
            with self.assertRaises(AccessError):
                own.search(condition)
            with self.assertRaises(AccessError):
                own.search_count(condition)
            with self.assertRaises(AccessError):
                own.formatted_read_group(condition, aggregates=["__count"])

    def test_customers_read_of_cards_nothing_of_staff(self):
        own = self.card.with_user(self.portal)
        self.assertEqual(own.read(["points", "code"])[0]["points"], 600)
        self.assertEqual(own.crm_loyalty_entry_ids, self.entry)
        for name in (
            "create_uid",
            "write_uid",
            "history_ids",
            "crm_loyalty_has_manual_bonus",
            "crm_loyalty_tier_history_ids",
            "crm_loyalty_tier_warned_until",
            "crm_loyalty_tier_mailed_until",
            "crm_loyalty_projected_tier_id",
            "crm_loyalty_merged_into_id",
            "message_ids",
        ):
            with self.assertRaises(AccessError):
                own.read([name])
            with self.assertRaises(AccessError):
                own.search([(name, "!=", False)])

    def test_odoos_own_page_does_not_show_what_staff_wrote(self):
        adjustment = (
            self.env["crm.loyalty.adjustment"]
            .with_user(self.adjuster)
            .create(
                {"card_id": self.card.id, "points": -5, "reason": "Suspected fraud"}
            )
        )
        adjustment.action_ask()
        page = self._get(f"/my/loyalty_card/{self.card.id}/history")
        self.assertEqual(page.status_code, 200)
        self.assertIn("Adjusted", page.text)
        self.assertNotIn("Suspected fraud", page.text)

    # Browser

    def test_tour_of_the_portal(self):
        self.start_tour("/my", "crm_loyalty_portal", login=self.portal.login)

    def test_tour_of_a_bonus_by_hand(self):
        self.env["crm.loyalty.bonus.rule"].create(
            {
                "name": "Sorry",
                "program_id": self.program.id,
                "trigger": "manual",
                "points": 25,
            }
        )
        self.start_tour(
            f"/odoo/loyalty.card/{self.card.id}",
            "crm_loyalty_bonus",
            login=self.adjuster.login,
        )
        entry = self.card.crm_loyalty_entry_ids.sorted("id")[-1]
        self.assertRecordValues(
            entry,
            [
                {
                    "kind": "bonus",
                    "points": 25,
                    "reason": "Sorry: Late delivery",
                    "user_id": self.adjuster.id,
                }
            ],
        )

    def test_tour_of_the_preview(self):
        self.start_tour(
            f"/odoo/loyalty.program/{self.program.id}",
            "crm_loyalty_preview",
            login=self.reader.login,
        )


@tagged("post_install", "-at_install")
class TestStatement(TierCase):
    """Days, balances and lines of the statement."""

    def test_opening_lines_and_closing_add_up(self):
        self._earn(600, date(2025, 3, 1))
        self._earn(100, date(2025, 3, 2))
        self._post(self.card, -50, "burn", date(2026, 3, 1))
        self._earn(30, date(2026, 3, 2))
        with freeze_time("2026-03-01 04:00"):
            statement = self.card._get_statement()
        self.assertEqual(statement["date_from"], date(2025, 3, 2))
        self.assertEqual(statement["date_to"], date(2026, 3, 1))
        self.assertEqual(statement["opening"], 600)
        self.assertEqual(
            [(line["points"], line["balance"]) for line in statement["lines"]],
            [(100, 700), (-50, 650)],
        )
        self.assertEqual(statement["closing"], 650)
        self.assertEqual(statement["totals"], [("Earned", 100), ("Spent", -50)])

    def test_all_lots_that_expire_are_listed_soonest_first(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        self._earn(5, date(2026, 3, 2))
        self._earn(7, date(2026, 3, 1))
        self._earn(9, date(2026, 3, 1))
        with freeze_time("2026-03-31 04:00"):
            self.assertEqual(
                self.card._get_statement()["expiring"],
                [(date(2026, 3, 31), 16), (date(2026, 4, 1), 5)],
            )
        with freeze_time("2026-04-01 04:00"):
            self.assertEqual(
                self.card._get_statement()["expiring"], [(date(2026, 4, 1), 5)]
            )

    def test_a_statement_without_lines_is_a_statement(self):
        html = self._render()
        self.assertIn("Nothing happened in this time", html)

    def test_the_statement_is_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(["crm_loyalty"], ["zh_CN"])
        self.ada.lang = "zh_CN"
        self._earn(600, self.program._get_loyalty_today())
        html = self._render()
        for text in ("积分对账单", "期末余额", "Silver"):
            self.assertIn(text, html)
        self.assertNotIn("Closing balance", html)

    def _render(self):
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "crm_loyalty.report_statement", self.card.ids
        )
        return html.decode()
