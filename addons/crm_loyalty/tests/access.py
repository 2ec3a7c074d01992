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
            "crm_loyalty_adjust_limit": 50,
            "crm_loyalty_tier_ids": [
                Command.create({"name": "Basic", "threshold": 0}),
                Command.create({"name": "Gold", "threshold": 1000}),
            ],
        }
    )


def make_configuration(world):
    found = {
        "loyalty.program": {},
        "crm.loyalty.tier": {},
        "crm.loyalty.bonus.rule": {},
    }
    for name, program in world.programs.items():
        rule = {"name": "Access", "program_id": program.id, "trigger": "manual"}
        found["loyalty.program"][name] = program, {"name": "Changed"}, None
        found["crm.loyalty.tier"][name] = (
            program.crm_loyalty_tier_ids.sorted("threshold")[-1],
            {"name": "Changed"},
            {"name": "New", "program_id": program.id, "threshold": 2000},
        )
        found["crm.loyalty.bonus.rule"][name] = (
            world.env["crm.loyalty.bonus.rule"].create(rule),
            {"name": "Changed"},
            {**rule, "name": "New"},
        )
    return found


def make_ledger(world):
    env = world.env
    asked = env["crm.loyalty.adjustment"].create(
        {"card_id": world.cards["here"].id, "points": 70, "reason": "Access"}
    )
    asked.action_ask()  # above the limit, so it is pending
    own = {"card_id": world.cards["here"].id, "points": 5, "reason": "Own"}
    found = {
        "loyalty.card": {},
        "crm.loyalty.entry": {},
        "crm.loyalty.consumption": {},
        "crm.loyalty.adjustment": {
            "asked": (asked, {"reason": "Forged"}, None),
            "own": (env["crm.loyalty.adjustment"], None, own),
        },
        "crm.loyalty.limit.change": {},
        "crm.loyalty.tier.history": {},
        "crm.loyalty.points.report": {},
    }
    for name, card in world.cards.items():
        card._post_points(-10, "burn")
        gold = card.program_id.crm_loyalty_tier_ids.sorted("threshold")[-1]
        entry = card.crm_loyalty_entry_ids.sorted("sequence")[:1]
        asked = {"card_id": card.id, "points": 70, "reason": "Access"}
        adjustment = env["crm.loyalty.adjustment"].create(asked)
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
        found["crm.loyalty.entry"][name] = (
            entry,
            {"points": 1000},
            {"card_id": card.id, "points": 1000, "kind": "bonus"},
        )
        found["crm.loyalty.consumption"][name] = (
            entry.consumer_ids[:1],
            {"points": 1},
            {"entry_id": entry.id, "award_id": entry.id, "points": 1},
        )
        found["crm.loyalty.adjustment"][name] = (
            adjustment,
            {"reason": "Changed"},
            asked,
        )
        found["crm.loyalty.tier.history"][name] = (
            history[:1],
            {"to_tier_id": gold.id},
            {"card_id": card.id, "date": "2026-01-01", "kind": "upgrade"},
        )
        report = env["crm.loyalty.points.report"].search(
            [("program_id", "=", card.program_id.id)], limit=1
        )
        if name in world.programs:
            found["crm.loyalty.points.report"][name] = report
    return found


def make_tier_history(card):
    """Return a row of the tier history, which the nightly job writes."""
    card.env.cr.execute(
        """
        INSERT INTO crm_loyalty_tier_history
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
    return card.env["crm.loyalty.tier.history"].browse(card.env.cr.fetchone())


def make_proofs(world):
    proof = world.env["crm.loyalty.check"].create({"state": "failed"})
    fault = {"check_id": proof.id, "kind": "chain"}
    return {
        "crm.loyalty.check": {
            "here": (proof, {"state": "ok"}, {"state": "ok"}),
        },
        "crm.loyalty.check.fault": {
            "here": (
                world.env["crm.loyalty.check.fault"].create(fault),
                {"kind": "lots"},
                fault,
            ),
        },
    }


def make_wizards(world):
    env = world.env
    found = {
        "crm.loyalty.bonus.grant": {},
        "crm.loyalty.reinstatement": {},
        "loyalty.card.update.balance": {},
    }
    for name in ("here", "there"):
        card = world.cards[name]
        rule = env["crm.loyalty.bonus.rule"].search(
            [("program_id", "=", card.program_id.id)], limit=1
        )
        for model, vals in (
            ("crm.loyalty.bonus.grant", {"rule_id": rule.id, "reason": "Access"}),
            ("crm.loyalty.reinstatement", {"reason": "Access"}),
            (
                "loyalty.card.update.balance",
                {"new_balance": 95, "description": "Access"},
            ),
        ):
            found[model][name] = (env[model], None, {"card_id": card.id, **vals})
    preview = env["crm.loyalty.tier.preview"]
    line = env["crm.loyalty.tier.preview.line"]
    program = world.programs["here"]
    found["crm.loyalty.tier.preview"] = {
        "here": (preview, None, {"program_ids": [Command.set(program.ids)]})
    }
    found["crm.loyalty.tier.preview.line"] = {
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
    crm.loyalty.tier.action_open_cards
    crm.loyalty.tier.preview.line.action_open_card
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
crm.loyalty.tier                here        -      -      ?        r      r      rwcd    ?          ?          rwcd  r      r        r        rwcd
crm.loyalty.tier                parent      -      -      ?        r      r      r       ?          ?          r     r      r        r        r
crm.loyalty.tier                everybody   -      -      ?        r      r      r       ?          ?          r     r      r        r        r
crm.loyalty.tier                branch      -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.tier                there       -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.bonus.rule          here        -      -      -        r      r      rwcd    -          -          rwcd  r      r        r        rwcd
crm.loyalty.bonus.rule          parent      -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.bonus.rule          everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.bonus.rule          branch      -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.bonus.rule          there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.card                here        -      -      -        r      r      rc      -          -          rc    r      r        r        rc
loyalty.card                parent      -      -      -        r      r      rc      -          -          rc    r      r        r        rc
loyalty.card                everybody   -      -      -        r      r      rc      -          -          rc    r      r        r        rc
loyalty.card                branch      -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.card                there       -      -      -        -      -      -       -          -          -     -      -        -        -
loyalty.card                portal_own -      r      -        r      r      rc      -          -          rc    r      r        r        rc
crm.loyalty.entry         here        -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.entry         parent      -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.entry         everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.entry         branch      -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.entry         there       -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.entry         portal_own -      r      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.consumption   here        -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.consumption   parent      -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.consumption   everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.consumption   branch      -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.consumption   there       -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.consumption   portal_own -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.adjustment    asked       -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.adjustment    own         -      -      -        -      -      c       -          -          c     -      c        c        c
crm.loyalty.adjustment    here        -      -      -        r      r      rc      -          -          rc    r      rc       rc       rc
crm.loyalty.adjustment    parent      -      -      -        r      r      rc      -          -          rc    r      rc       rc       rc
crm.loyalty.adjustment    everybody   -      -      -        r      r      rc      -          -          rc    r      rc       rc       rc
crm.loyalty.adjustment    branch      -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.adjustment    there       -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.adjustment    portal_own -      -      -        r      r      rc      -          -          rc    r      rc       rc       rc
crm.loyalty.limit.change        here        -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.limit.change        parent      -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.limit.change        everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.limit.change        branch      -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.limit.change        there       -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.tier.history        here        -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.tier.history        parent      -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.tier.history        everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.tier.history        branch      -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.tier.history        there       -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.tier.history        portal_own -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.points.report       here        -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.points.report       parent      -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.points.report       everybody   -      -      -        r      r      r       -          -          r     r      r        r        r
crm.loyalty.points.report       branch      -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.points.report       there       -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.check         here        -      -      -        -      -      rc      -          -          rc    -      -        -        rc
crm.loyalty.check.fault   here        -      -      -        -      -      r       -          -          r     -      -        -        r
crm.loyalty.bonus.grant         here        -      -      -        -      -      c       -          -          c     -      c        c        c
crm.loyalty.bonus.grant         there - - - - - - - - - - - - -
crm.loyalty.reinstatement     here        -      -      -        -      -      c       -          -          c     -      -        -        c
crm.loyalty.reinstatement     there - - - - - - - - - - - - -
loyalty.card.update.balance here        -      -      -        c      c      c       -          -          c     -      c        c        c
loyalty.card.update.balance there       -      -      -        -      -      -       -          -          -     -      -        -        -
crm.loyalty.tier.preview        here        -      -      -        c      c      c       -          -          c     c      c        c        c
crm.loyalty.tier.preview.line   here        -      -      -        rwcd   rwcd   rwcd    -          -          rwcd  rwcd   rwcd     rwcd     rwcd
loyalty.generate.wizard     here        -      -      -        c      c      c       -          -          c     -      -        -        c
"""

METHODS = """
model                    methods                      public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
loyalty.program          action_evaluate_tiers        -      -      -        -      -      x       -          -          x     -      -        -        x
loyalty.program          action_open_tier_cards       -      -      -        x      x      x       -          -          x     x      x        x        x
loyalty.program          action_preview_downgrades    -      -      -        x      x      x       -          -          x     x      x        x        x
crm.loyalty.adjustment action_approve,action_refuse -      -      -        -      -      x       -          -          x     -      -        x        x
crm.loyalty.adjustment action_ask                   -      -      -        -      -      x       -          -          x     -      x        x        x
crm.loyalty.check      action_prove                 -      -      -        -      -      x       -          -          x     -      -        -        x
crm.loyalty.bonus.grant      action_grant                 -      -      -        -      -      x       -          -          x     -      x        x        x
crm.loyalty.tier.preview     action_refresh               -      -      -        x      x      x       -          -          x     x      x        x        x
crm.loyalty.reinstatement  action_reinstate             -      -      -        -      -      x       -          -          x     -      -        -        x
"""

REPORTS = """
report                              model        public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
crm_loyalty.action_report_statement loyalty.card -      -      -        x      x      x       -          -          x     x      x        x        x
"""

FIELDS = """
model                       fields                                       public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
res.partner                 crm_loyalty_birthdate                            -      -      r        rw     rw     rw      r          rw         rw    r      r        r        r
res.config.settings         crm_loyalty_tz,crm_loyalty_adjust_limit              -      -      -        -      -      -       -          rw         rw    -      -        -        -
res.company                 crm_loyalty_tz,crm_loyalty_adjust_limit              r      r      r        r      r      r       r          rw         rw    r      r        r        r
res.users                   crm_loyalty_birthdate                            -      -      r        r      r      r       r          r          r     r      r        r        r
loyalty.card                crm_loyalty_entry_ids,crm_loyalty_lot_ids,crm_loyalty_points_available           -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_points_pending,crm_loyalty_points_locked,crm_loyalty_points_debt     -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_points_expiring,crm_loyalty_points_expiring_date,crm_loyalty_tier_id -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_tier_since,crm_loyalty_tier_until,crm_loyalty_tier_period_end        -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_tier_warned_until,crm_loyalty_tier_mailed_until,crm_loyalty_qualifying_points          -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_qualifying_spend,crm_loyalty_tier_keep_needed            -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_projected_tier_id,crm_loyalty_next_tier_id,crm_loyalty_points_needed -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_spend_needed,crm_loyalty_date_needed,crm_loyalty_tier_progress       -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_tier_basis,crm_loyalty_has_manual_bonus,crm_loyalty_tier_history_ids -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_merged_into_id                               -      -      -        r      r      r       -          -          r     r      r        r        r
loyalty.card                crm_loyalty_member_since                                 -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             crm_loyalty_pending_policy,crm_loyalty_pending_days,crm_loyalty_expiry_policy    -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             crm_loyalty_expiry_days,crm_loyalty_negative_policy,crm_loyalty_reinstate_days  -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             crm_loyalty_expiry_reminder,crm_loyalty_reminder_first_days          -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             crm_loyalty_reminder_last_days,crm_loyalty_reminder_template_id      -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             crm_loyalty_owner_only,crm_loyalty_tier_warn_template_id,crm_loyalty_adjust_limit,crm_loyalty_tier_ids,crm_loyalty_tier_basis,crm_loyalty_tier_period -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             crm_loyalty_tier_grace_days,crm_loyalty_tier_warn_days,crm_loyalty_tier_user_id  -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.program             crm_loyalty_bonus_rule_ids,crm_loyalty_point_value                   -      -      -        r      r      rw      -          -          rw    r      r        r        rw
loyalty.card.update.balance crm_loyalty_seen_balance,crm_loyalty_is_approval_needed              -      -      -        rw     rw     rw      -          -          rw    -      rw       rw       rw
"""
