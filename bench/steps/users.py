"""People who look at contacts."""

GROUPS = ("sales_team.group_sale_salesman_all_leads",)


def create_salesperson(env, company):
    """Return a salesperson who sees all documents, as an environment of theirs."""
    user = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": "Bench Reader",
                "login": "bench_reader",
                "company_id": company.id,
                "company_ids": company.ids,
                "group_ids": [env.ref(name).id for name in GROUPS],
            }
        )
    )
    env.flush_all()
    return env(user=user, context={"allowed_company_ids": company.ids, "lang": "en_US"})
