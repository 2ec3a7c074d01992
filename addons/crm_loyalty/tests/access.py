"""Records of this addon for the access matrix; see tests/access_matrix.py."""

from odoo.fields import Command

ROLES = {
    "viewer": "crm_loyalty.group_points_user",
    "adjuster": "crm_loyalty.group_points_adjuster",
    "approver": "crm_loyalty.group_points_approver",
    "steward": "crm_loyalty.group_points_manager",
}


def make(world):
    """Return the records to test: programs with tiers, cards and their ledger."""
    env = world.env
    world.programs = {
        "here": make_program(world, world.home),
        "parent": make_program(world, world.parent),
        "everybody": make_program(world, None),
        "branch": make_program(world, world.branch),
        "there": make_program(world, world.there),
    }
    world.cards = {
        name: env["loyalty.card"].create(
            {"program_id": program.id, "partner_id": world.shared.id, "points": 100}
        )
        for name, program in world.programs.items()
    }
    world.cards["portal_own"] = env["loyalty.card"].create(
        {
            "program_id": world.programs["here"].id,
            "partner_id": world.users["portal"].partner_id.id,
            "points": 100,
        }
    )
    env.flush_all()
    return {
        **make_configuration(world),
        **make_ledger(world),
        **make_proofs(world),
        **make_wizards(world),
        "res.company": {"here": world.home},
        "res.partner": {"shared": world.shared},
        "res.config.settings": {
            "here": (
                env["res.config.settings"],
                None,
                {"company_id": world.home.id},
            )
        },
        "product.pricelist": {
            "here": env["product.pricelist"].create(
                {"name": "Access", "company_id": world.home.id}
            )
        },
    }


def make_program(world, company):
    return world.env["loyalty.program"].create(
        {
            "name": "Access",
            "program_type": "loyalty",
            "applies_on": "both",
            "trigger": "auto",
            "company_id": company and company.id,
            "currency_id": world.home.currency_id.id,
            "adjust_limit": 50,
            "tier_ids": [
                Command.create({"name": "Basic", "threshold": 0}),
                Command.create({"name": "Gold", "threshold": 1000}),
            ],
        }
    )


def make_configuration(world):
    found = {
        "loyalty.program": {},
        "loyalty.tier": {},
        "loyalty.bonus.rule": {},
    }
    for name, program in world.programs.items():
        rule = {"name": "Access", "program_id": program.id, "trigger": "manual"}
        found["loyalty.program"][name] = program, {"name": "Changed"}, None
        found["loyalty.tier"][name] = (
            program.tier_ids.sorted("threshold")[-1],
            {"name": "Changed"},
            {"name": "New", "program_id": program.id, "threshold": 2000},
        )
        found["loyalty.bonus.rule"][name] = (
            world.env["loyalty.bonus.rule"].create(rule),
            {"name": "Changed"},
            {**rule, "name": "New"},
        )
    return found


def make_ledger(world):
    env = world.env
    asked = env["loyalty.point.adjustment"].create(
        {"card_id": world.cards["here"].id, "points": 70, "reason": "Access"}
    )
    asked.action_ask()  # above the limit, so it is pending
    own = {"card_id": world.cards["here"].id, "points": 5, "reason": "Own"}
    found = {
        "loyalty.card": {},
        "loyalty.point.entry": {},
        "loyalty.point.consumption": {},
        "loyalty.point.adjustment": {
            "asked": (asked, {"reason": "Forged"}, None),
            "own": (env["loyalty.point.adjustment"], None, own),
        },
        "crm.loyalty.limit.change": {},
        "loyalty.tier.history": {},
        "loyalty.points.report": {},
    }
    for name, card in world.cards.items():
        card._post_points(-10, "burn")
        gold = card.program_id.tier_ids.sorted("threshold")[-1]
        entry = card.entry_ids.sorted("sequence")[:1]
        asked = {"card_id": card.id, "points": 70, "reason": "Access"}
        adjustment = env["loyalty.point.adjustment"].create(asked)
        history = make_tier_history(card)
        if name in world.programs:
            change = {
                "program_id": card.program_id.id,
                "company_id": card.program_id.company_id.id,
                "user_id": env.uid,
                "date": "2026-01-01",
            }
            found["crm.loyalty.limit.change"][name] = (
                env["crm.loyalty.limit.change"].create(change),
                {"old_limit": 1000},
                change,
            )
        found["loyalty.card"][name] = (
            card,
            {"points": 1000},
            {"program_id": card.program_id.id, "partner_id": world.shared.id},
        )
        found["loyalty.point.entry"][name] = (
            entry,
            {"points": 1000},
            {"card_id": card.id, "points": 1000, "kind": "bonus"},
        )
        found["loyalty.point.consumption"][name] = (
            entry.consumer_ids[:1],
            {"points": 1},
            {"entry_id": entry.id, "award_id": entry.id, "points": 1},
        )
        found["loyalty.point.adjustment"][name] = (
            adjustment,
            {"reason": "Changed"},
            asked,
        )
        found["loyalty.tier.history"][name] = (
            history[:1],
            {"to_tier_id": gold.id},
            {"card_id": card.id, "date": "2026-01-01", "kind": "upgrade"},
        )
        report = env["loyalty.points.report"].search(
            [("program_id", "=", card.program_id.id)], limit=1
        )
        if name in world.programs:
            found["loyalty.points.report"][name] = report
    return found


def make_tier_history(card):
    """Return a row of the tier history, which the nightly job writes."""
    card.env.cr.execute(
        """
        INSERT INTO loyalty_tier_history
                    (card_id, program_id, partner_id, company_id, date, kind)
        VALUES (%s, %s, %s, %s, '2026-01-01', 'upgrade')
        RETURNING id
        """,
        [
            card.id,
            card.program_id.id,
            card.partner_id.id,
            card.program_id.company_id.id or None,
        ],
    )
    return card.env["loyalty.tier.history"].browse(card.env.cr.fetchone())


def make_proofs(world):
    proof = world.env["loyalty.point.proof"].create({"state": "failed"})
    fault = {"proof_id": proof.id, "kind": "chain"}
    return {
        "loyalty.point.proof": {
            "here": (proof, {"state": "ok"}, {"state": "ok"}),
        },
        "loyalty.point.proof.fault": {
            "here": (
                world.env["loyalty.point.proof.fault"].create(fault),
                {"kind": "lots"},
                fault,
            ),
        },
    }


def make_wizards(world):
    env = world.env
    found = {
        "loyalty.bonus.grant": {},
        "loyalty.point.reinstate": {},
        "loyalty.card.update.balance": {},
    }
    for name in ("here", "there"):
        card = world.cards[name]
        rule = env["loyalty.bonus.rule"].search(
            [("program_id", "=", card.program_id.id)], limit=1
        )
        for model, vals in (
            ("loyalty.bonus.grant", {"rule_id": rule.id, "reason": "Access"}),
            ("loyalty.point.reinstate", {"reason": "Access"}),
            (
                "loyalty.card.update.balance",
                {"new_balance": 95, "description": "Access"},
            ),
        ):
            found[model][name] = (env[model], None, {"card_id": card.id, **vals})
    preview = env["loyalty.tier.preview"]
    line = env["loyalty.tier.preview.line"]
    program = world.programs["here"]
    found["loyalty.tier.preview"] = {
        "here": (preview, None, {"program_ids": [Command.set(program.ids)]})
    }
    found["loyalty.tier.preview.line"] = {
        "here": line,
    }
    found["loyalty.generate.wizard"] = {
        "here": (
            env["loyalty.generate.wizard"],
            None,
            {"program_id": program.id, "mode": "anonymous", "coupon_qty": 1},
        )
    }
    return found


OPENS = """
    loyalty.card.action_grant_bonus
    loyalty.card.action_open_tier_history
    loyalty.card.action_print_statement
    loyalty.card.action_reinstate
    loyalty.tier.action_open_cards
    loyalty.tier.preview.line.action_open_card
"""
ROUTES = {
    "/my/loyalty": "user",
    "/my/loyalty/<int:card_id>": "user",
    "/my/loyalty/<int:card_id>/page/<int:page>": "user",
    "/my/loyalty/<int:card_id>/statement": "user",
}

MODELS = """
model                       record      public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
loyalty.program             here        -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             parent      -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             everybody   -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.program             there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.tier                here        -      -      ?        r      r      rwcd    ?          ?          rwcd  r      r        r        rwcd
loyalty.tier                parent      -      -      ?        r      r      r       ?          ?          r     r      r        r        r
loyalty.tier                everybody   -      -      ?        r      r      r       ?          ?          r     r      r        r        r
loyalty.tier                branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.tier                there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.bonus.rule          here        -      -      -        r      r      rwcd    -          -          rwcd  r      r        r        rwcd
loyalty.bonus.rule          parent      -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.bonus.rule          everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.bonus.rule          branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.bonus.rule          there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.card                here        -      -      -        r      r      rc      -          -          rc    r      r        r        rc
loyalty.card                parent      -      -      -        r      r      rc      -          -          rc    r      r        r        rc
loyalty.card                everybody   -      -      -        r      r      rc      -          -          rc    r      r        r        rc
loyalty.card                branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.card                there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.card                portal_own -      r      -        r      r      rc      -          -          rc    r      r        r        rc
loyalty.point.entry         here        -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.point.entry         parent      -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.point.entry         everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.point.entry         branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.point.entry         there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.point.entry         portal_own -      r      -        r      r      r       -          -          r     r      r        r        r
loyalty.point.consumption   here        -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.point.consumption   parent      -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.point.consumption   everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.point.consumption   branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.point.consumption   there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.point.consumption   portal_own -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.point.adjustment    asked       -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.point.adjustment    own         -      -      -        -      -      c       -          -          c     -      c        c        c
loyalty.point.adjustment    here        -      -      -        r      r      rc      -          -          rc    r      rc       rc       rc
loyalty.point.adjustment    parent      -      -      -        r      r      rc      -          -          rc    r      rc       rc       rc
loyalty.point.adjustment    everybody   -      -      -        r      r      rc      -          -          rc    r      rc       rc       rc
loyalty.point.adjustment    branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.point.adjustment    there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.point.adjustment    portal_own -      -      -        r      r      rc      -          -          rc    r      rc       rc       rc
crm.loyalty.limit.change        here        -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.limit.change        parent      -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.limit.change        everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.limit.change        branch      -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.limit.change        there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.tier.history        here        -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.tier.history        parent      -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.tier.history        everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.tier.history        branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.tier.history        there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.tier.history        portal_own -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.points.report       here        -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.points.report       parent      -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.points.report       everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.points.report       branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.points.report       there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.point.proof         here        -      -      -        -      -      rc      -          -          rc    -      -        -        rc
loyalty.point.proof.fault   here        -      -      -        -      -      r       -          -          r     -      -        -        r
loyalty.bonus.grant         here        -      -      -        -      -      c       -          -          c     -      c        c        c
loyalty.bonus.grant         there - - - - - - - - - - - - -
loyalty.point.reinstate     here        -      -      -        -      -      c       -          -          c     -      -        -        c
loyalty.point.reinstate     there - - - - - - - - - - - - -
loyalty.card.update.balance here        -      -      -        c      c      c       -          -          c     -      c        c        c
loyalty.card.update.balance there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.tier.preview        here        -      -      -        c      c      c       -          -          c     c      c        c        c
loyalty.tier.preview.line   here        -      -      -        rwcd   rwcd   rwcd    -          -          rwcd  rwcd   rwcd     rwcd     rwcd
loyalty.generate.wizard     here        -      -      -        c      c      c       -          -          c     -      -        -        c
"""

METHODS = """
model                    methods                      public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
loyalty.program          action_evaluate_tiers        -      -      -        -      -      x       -          -          x     -      -        -        x
loyalty.program          action_open_tier_cards       -      -      -        x      x      x       -          -          x     x      x        x        x
loyalty.program          action_preview_downgrades    -      -      -        x      x      x       -          -          x     x      x        x        x
loyalty.point.adjustment action_approve,action_refuse -      -      -        -      -      x       -          -          x     -      -        x        x
loyalty.point.adjustment action_ask                   -      -      -        -      -      x       -          -          x     -      x        x        x
loyalty.point.proof      action_prove                 -      -      -        -      -      x       -          -          x     -      -        -        x
loyalty.bonus.grant      action_grant                 -      -      -        -      -      x       -          -          x     -      x        x        x
loyalty.tier.preview     action_refresh               -      -      -        x      x      x       -          -          x     x      x        x        x
loyalty.point.reinstate  action_reinstate             -      -      -        -      -      x       -          -          x     -      -        -        x
"""

REPORTS = """
report                              model        public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
crm_loyalty.action_report_statement loyalty.card -      -      -        x      x      x       -          -          x     x      x        x        x
"""

FIELDS = """
model                       fields                                       public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
res.partner                 loyalty_birthdate                            -      -      r        rw     rw     rw      r          rw         rw    r      r        r        r
res.config.settings         loyalty_tz,loyalty_adjust_limit              -      -      -        -      -      -       -          rw         rw    -      -        -        -
res.company                 loyalty_tz,loyalty_adjust_limit              r      r      r        r      r      r       r          rw         rw    r      r        r        r
res.users                   loyalty_birthdate                            -      -      r        r      r      r       r          r          r     r      r        r        r
loyalty.card                entry_ids,lot_ids,points_available           -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                points_pending,points_locked,points_debt     -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                points_expiring,points_expiring_date,tier_id -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                tier_since,tier_until,tier_period_end        -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                tier_warned_until,qualifying_points          -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                qualifying_spend,tier_keep_needed            -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                projected_tier_id,next_tier_id,points_needed -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                spend_needed,date_needed,tier_progress       -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                tier_basis,has_manual_bonus,tier_history_ids -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                merged_into_id                               -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                member_since                                 -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             pending_policy,pending_days,expiry_policy    -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             expire_after,negative_policy,reinstate_days  -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             expiry_reminder,reminder_first_days          -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             reminder_last_days,reminder_template_id      -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             adjust_limit,tier_ids,tier_basis,tier_period -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             tier_grace_days,tier_warn_days,tier_user_id  -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             bonus_rule_ids,point_value                   -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.card.update.balance seen_balance,is_approval_needed              -      -      -        rw     rw     rw      -          -          rw    -      rw       rw       rw
"""
