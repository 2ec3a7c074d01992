"""Users for the benchmark."""

GROUPS = ("sales_team.group_sale_salesman_all_leads",)


def create_salesperson(env, company):
    """Return the environment of a salesperson with access to all documents."""
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
