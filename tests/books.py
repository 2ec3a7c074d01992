"""What a company without a chart of accounts needs to post invoices."""

from odoo.fields import Command


def open_books(env, company):
    """Create the accounts and journals of invoices, also in other currencies."""
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    income, receivable = env["account.account"].create(
        [
            {
                "name": name,
                "code": code,
                "account_type": kind,
                "reconcile": kind == "asset_receivable",
                "company_ids": [Command.set(company.ids)],
            }
            for name, code, kind in [
                ("Sales", "400000", "income"),
                ("Debtors", "110000", "asset_receivable"),
            ]
        ]
    )
    _sales, exchange = env["account.journal"].create(
        [
            {
                "name": name,
                "code": code,
                "type": kind,
                "company_id": company.id,
                "default_account_id": income.id,
            }
            for name, code, kind in (
                ("Sales", "SAL", "sale"),
                ("Exchange", "EXC", "general"),
            )
        ]
    )
    company.write(
        {
            "currency_exchange_journal_id": exchange.id,
            "income_currency_exchange_account_id": income.id,
            "expense_currency_exchange_account_id": income.id,
        }
    )
    env["ir.default"].set(
        "res.partner",
        "property_account_receivable_id",
        receivable.id,
        company_id=company.id,
    )
