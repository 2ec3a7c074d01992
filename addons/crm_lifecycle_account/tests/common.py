from datetime import timedelta

from odoo.fields import Command

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase


class AccountLifecycleCase(LifecycleCase):
    """Invoices and payments with fixed days and amounts, on top of `LifecycleCase`.

    The company has the minimum of accounts and journals, and a tax of 20 percent.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.books = {cls.company: cls._open_books(cls.company)}
        cls.product = cls.env["product.product"].create(
            {"name": "Thing", "type": "service", "taxes_id": [Command.clear()]}
        )

    @classmethod
    def _open_books(cls, company):
        """Create accounts, journals and a tax for a company. Return them by name."""
        env = cls.env(context={**cls.env.context, "allowed_company_ids": company.ids})
        company = company.with_env(env)
        accounts = {
            name: env["account.account"].create(
                {
                    "name": name,
                    "code": code,
                    "account_type": kind,
                    "reconcile": name in ("receivable", "payable"),
                    "company_ids": [Command.set(company.ids)],
                }
            )
            for name, code, kind in [
                ("income", "400000", "income"),
                ("receivable", "110000", "asset_receivable"),
                ("payable", "210000", "liability_payable"),
                ("bank", "120000", "asset_cash"),
                ("outstanding", "121000", "asset_current"),
                ("suspense", "122000", "asset_current"),
                ("gain", "440000", "income_other"),
                ("loss", "640000", "expense"),
            ]
        }
        journals = {
            name: env["account.journal"].create(
                {
                    "name": name,
                    "code": name[:3].upper(),
                    "type": kind,
                    "company_id": company.id,
                    "default_account_id": account and accounts[account].id,
                    **(
                        {"suspense_account_id": accounts["suspense"].id}
                        if kind == "bank"
                        else {}
                    ),
                }
            )
            for name, kind, account in [
                ("sales", "sale", "income"),
                ("money", "bank", "bank"),
                ("exchange", "general", None),
            ]
        }
        company.write(
            {
                "currency_exchange_journal_id": journals["exchange"].id,
                "income_currency_exchange_account_id": accounts["gain"].id,
                "expense_currency_exchange_account_id": accounts["loss"].id,
            }
        )
        group = env["account.tax.group"].create(
            {
                "name": "Tax",
                "company_id": company.id,
                "country_id": company.country_id.id,
            }
        )
        country = company.account_fiscal_country_id or env.ref("base.us")
        company.account_fiscal_country_id = country
        tax = env["account.tax"].create(
            {
                "name": "20 %",
                "amount": 20,
                "type_tax_use": "sale",
                "company_id": company.id,
                "country_id": country.id,
                "tax_group_id": group.id,
            }
        )
        for name in ("receivable", "payable"):
            env["ir.default"].set(
                "res.partner",
                f"property_account_{name}_id",
                accounts[name].id,
                company_id=company.id,
            )
        return {**accounts, **journals, "tax": tax}

    @classmethod
    def _day(cls, days_ago):
        return TODAY - timedelta(days=days_ago)

    @classmethod
    def _invoice(cls, partner, amount=100, days_ago=0, due=0, post=True, **vals):
        """Create an invoice dated some days before `TODAY`, due some days later.

        Without taxes, unless ``taxed``; ``move_type`` makes it a credit note.
        """
        company = vals.pop("company", cls.company)
        books = cls.books[company]
        taxed = vals.pop("taxed", False)
        day = cls._day(days_ago)
        move = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "journal_id": books["sales"].id,
                    "invoice_date": day,
                    "invoice_date_due": day + timedelta(days=due),
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": cls.product.id,
                                "account_id": books["income"].id,
                                "quantity": 1,
                                "price_unit": amount,
                                "tax_ids": [
                                    Command.set(books["tax"].ids if taxed else [])
                                ],
                            }
                        )
                    ],
                    **vals,
                }
            )
        )
        if post:
            move.action_post()
        return move

    @classmethod
    def _credit_note(cls, partner, amount=100, days_ago=0, **vals):
        return cls._invoice(partner, amount, days_ago, move_type="out_refund", **vals)

    @classmethod
    def _pay(
        cls, partner, amount=100, days_ago=0, on=None, currency=None, company=None
    ):
        """Create a payment of a customer, and match it with some documents."""
        company = company or cls.company
        books = cls.books[company]
        day = cls._day(days_ago)
        currency = currency or company.currency_id
        balance = currency._convert(amount, company.currency_id, company, day)
        move = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "entry",
                    "journal_id": books["money"].id,
                    "date": day,
                    "line_ids": [
                        Command.create(
                            {
                                "account_id": books[account].id,
                                "partner_id": partner.commercial_partner_id.id,
                                "currency_id": currency.id,
                                "amount_currency": sign * amount,
                                "balance": sign * balance,
                            }
                        )
                        for account, sign in [("outstanding", 1), ("receivable", -1)]
                    ],
                }
            )
        )
        move.action_post()
        if on:
            cls._match(move | on)
        return move

    @classmethod
    def _match(cls, moves):
        """Match the open lines on receivable accounts."""
        moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()

    @classmethod
    def _forget(cls):
        """Backdate all rows, so that the next run finds no recent changes."""
        cls.env.flush_all()
        for table in (
            "account_move",
            "account_move_line",
            "account_partial_reconcile",
            "crm_lead",
            "mail_message",
            "res_partner",
        ):
            cls.env.cr.execute(f"UPDATE {table} SET write_date = '2020-01-01'")
        cls.env.cr.execute("DELETE FROM crm_lifecycle_pending")
        cls.env.invalidate_all()

    def _facts(self, partner, *names, as_of=TODAY, **kwargs):
        self._run(as_of, **kwargs)
        profile = self._profile(partner)
        values = tuple(profile[name] for name in names)
        return values if len(names) > 1 else values[0]
