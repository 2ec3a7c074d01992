"""SQL expressions that the channels share.

They use the alias ``company`` for the row of the document's company, and ``currency``
for that of the company's currency (see `JOIN_COMPANY`).
"""

from odoo.tools import SQL


def join_company(company_id: SQL) -> SQL:
    """Return the joins of the company of a document and of its currency."""
    return SQL(
        """
        JOIN res_company AS company ON company.id = %s
        JOIN res_currency AS currency ON currency.id = company.currency_id
        """,
        company_id,
    )


def local_date(moment: SQL) -> SQL:
    """Return SQL of the day of a naive UTC timestamp, in the company's time zone."""
    return SQL(
        "((%s AT TIME ZONE 'UTC') "
        "AT TIME ZONE COALESCE(company.lifecycle_tz, 'UTC'))::date",
        moment,
    )


def convert(amount: SQL, rate: SQL) -> SQL:
    """Return SQL of an amount in the company's currency, rounded.

    :param rate: units of the document's currency for one of the company's; unknown or
        0 counts as 1
    """
    return SQL(
        "ROUND(CASE WHEN COALESCE(%(rate)s, 0) IN (0, 1) THEN (%(amount)s)::numeric "
        "ELSE (%(amount)s)::numeric / %(rate)s::numeric END, currency.decimal_places)",
        amount=amount,
        rate=rate,
    )
