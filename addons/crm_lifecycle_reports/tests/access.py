"""Who may do what here; see tests/access_matrix.py."""

REPORTS_OF_MOVES = (
    "crm.lifecycle.visit.report",
    "crm.lifecycle.growth.report",
    "crm.lifecycle.customer.report",
)


def make(world):
    """Return rows of analyses: whose customers they are about, in which company."""
    env = world.env
    for profile in world.profiles.values():
        stages = world.env["crm.lifecycle.stage"].search(
            [("lifecycle_id", "=", profile.lifecycle_id.id)], order="sequence"
        )
        for stage in stages:
            profile._lifecycle_move(stage, origin="rule")
    env.flush_all()
    return {
        **{model: make_rows(world, model) for model in REPORTS_OF_MOVES},
        "crm.lifecycle.step.report": make_steps(world),
        "crm.lifecycle.print": {"here": (env["crm.lifecycle.print"], None, {})},
        **make_mailings(world),
        "digest.digest": {"here": env["digest.digest"].create({"name": "Access"})},
        "ir.actions.report": {
            "here": env.ref("crm_lifecycle_reports.action_report_customer")
        },
    }


def make_rows(world, model):
    return {
        name: (
            world.env[model].search(
                [("profile_id", "=", world.profiles[name].id)], limit=1
            ),
            {"company_id": world.home.id},
            None,
        )
        for name in ("mine", "others", "branch", "there")
    }


def make_steps(world):
    return {
        name: (world.env["crm.lifecycle.step.report"].search(domain, limit=1), {}, None)
        for name, domain in (
            ("mine", [("profile_id", "=", world.profiles["mine"].id)]),
            ("there", [("profile_id", "=", world.profiles["there"].id)]),
        )
    }


def make_mailings(world):
    """Reports that come by mail, with one that was sent."""
    mailings, deliveries = {}, {}
    for name, company in (("here", world.home), ("there", world.there)):
        vals = {
            "name": "Access",
            "company_id": company.id,
            "user_ids": world.users["manager"].ids,
        }
        mailing = world.env["crm.lifecycle.mailing"].create(vals)
        mailings[name] = mailing, {"name": "Changed"}, vals
        sent = {
            "mailing_id": mailing.id,
            "user_id": world.users["manager"].id,
            "date_from": "2026-02-23",
            "date_to": "2026-03-01",
        }
        delivery = world.env["crm.lifecycle.mailing.delivery"].create(sent)
        deliveries[name] = (
            delivery,
            {"state": "sent"},
            {**sent, "date_to": "2026-03-08"},
        )
    return {
        "crm.lifecycle.mailing": mailings,
        "crm.lifecycle.mailing.delivery": deliveries,
    }
