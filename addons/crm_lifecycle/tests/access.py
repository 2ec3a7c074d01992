"""Access rights in this addon; see tests/access_matrix.py."""

from datetime import date

from odoo.fields import Command

TODAY = date(2026, 3, 2)


def make(world):
    """Return the records to test: lifecycles, customers, and what belongs to them."""
    env = world.env
    lifecycles = {
        "here": make_lifecycle(world, world.home),
        "everybody": make_lifecycle(world, None),
        "branch": make_lifecycle(world, world.branch),
        "there": make_lifecycle(world, world.there),
    }
    running = {
        company: make_lifecycle(world, company, state="active")
        for company in (world.home, world.branch, world.there)
    }
    world.running = running[world.home]
    profiles = make_profiles(world)
    world.profiles = profiles
    return {
        **make_configuration(world, lifecycles, running),
        "crm.lifecycle.health.sign": {
            name: make_health_sign(world, company)
            for name, company in (
                ("here", world.home),
                ("branch", world.branch),
                ("there", world.there),
            )
        },
        "crm.lifecycle.profile": make_profile_samples(world, profiles),
        **make_belongings(world, profiles),
        **make_work(world),
        **make_wizards(world, profiles, lifecycles),
        **make_subjects(world, profiles),
        "mail.activity": {
            "here": sample(
                profiles["mine"].activity_schedule(
                    "mail.mail_activity_data_todo", user_id=world.seller.id
                )
            )
        },
        "res.company": {"here": world.home},
        "res.users": {"here": world.colleague},
        # A copy, which no other process can be running.
        "ir.cron": {"here": env.ref("crm_lifecycle.ir_cron_run").copy()},
        "ir.actions.server": {
            "here": env["ir.actions.server"].create(
                {
                    "name": "Access",
                    "model_id": env["ir.model"]._get_id("crm.lifecycle.profile"),
                    "state": "code",
                }
            )
        },
    }


def make_health_sign(world, company):
    create = {"company_id": company.id, "code": "other"}
    sign = world.env["crm.lifecycle.health.sign"].create({**create, "code": "access"})
    return sample(sign, {"level": "at_risk"}, create)


def make_lifecycle(world, company, **vals):
    return world.env["crm.lifecycle"].create(
        {
            "name": "Access",
            "company_id": company and company.id,
            "sequence": -1,
            "activation_date": "2026-01-01",
            "stage_ids": [
                Command.create({"name": code, "code": code, "sequence": sequence})
                for sequence, code in enumerate(["first", "second"])
            ],
            **vals,
        }
    )


def make_configuration(world, lifecycles, running):
    env = world.env
    found = {
        "crm.lifecycle": {},
        "crm.lifecycle.stage": {},
        "crm.lifecycle.rule": {},
        "crm.lifecycle.tag": {},
        "crm.lifecycle.version": {},
    }
    write = {"name": "Changed"}
    for name, lifecycle in lifecycles.items():
        stage = lifecycle.stage_ids[-1]
        mine = {"lifecycle_id": lifecycle.id, "name": "New"}
        rule = {**mine, "to_stage_id": stage.id}
        tag = {**mine, "code": "new"}
        version = {
            "lifecycle_id": lifecycle.id,
            "snapshot": env["crm.lifecycle.file"]._serialize(lifecycle),
        }
        samples = (
            (lifecycle, {"name": "New", "company_id": lifecycle.company_id.id}, write),
            (stage, {**mine, "code": "third"}, write),
            (env["crm.lifecycle.rule"].create(rule), rule, write),
            (env["crm.lifecycle.tag"].create({**tag, "code": "old"}), tag, write),
            (
                env["crm.lifecycle.version"].create({**version, "number": 98}),
                {**version, "number": 99},
                {"snapshot": {"name": "Forged"}},
            ),
        )
        for record, create, change in samples:
            found[record._name][name] = sample(record, change, create)
    return found


def make_profiles(world):
    """Return customers of different owners and companies, and shared ones."""
    env = world.env

    def profile(name, company, user=None, partner=None):
        partner = partner or world.make_partner(name)
        return env["crm.lifecycle.profile"].create(
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "user_id": user and user.id,
            }
        )

    return {
        "mine": profile("mine", world.home, world.seller),
        "others": profile("others", world.home, world.colleague),
        "free": profile("free", world.home),
        "shared": profile("shared", world.home, partner=world.shared),
        "shared_there": profile("shared", world.there, partner=world.shared),
        "branch": profile("branch", world.branch),
        "there": profile("there", world.there, world.seller),
    }


def make_profile_samples(world, profiles):
    return {
        name: sample(
            profile,
            {"note": "Seen"},
            {
                "partner_id": world.make_partner(f"new {name}").id,
                "company_id": profile.company_id.id,
                "user_id": profile.user_id.id,
            },
        )
        for name, profile in profiles.items()
    }


def make_belongings(world, profiles):
    """Return the records that are logged about the customers."""
    env = world.env
    found = {
        "crm.lifecycle.history": {},
        "crm.lifecycle.playbook.log": {},
        "crm.lifecycle.stage.duration": {},
        "crm.lifecycle.duplicate": {},
    }
    for profile in profiles.values():
        profile.partner_id.email = "same@example.com"
    twin = world.make_partner("twin")
    twin.email = "same@example.com"
    env["crm.lifecycle.profile"].create(
        {"partner_id": twin.id, "company_id": world.branch.id}
    )
    env.flush_all()
    for name, profile in profiles.items():
        row = profile.history_ids[:1]
        step = {
            "history_id": row.id,
            "profile_id": profile.id,
            "company_id": profile.company_id.id,
            "stage_id": profile.stage_id.id,
            "kind": "mail",
            "key": "mail:0",
            "state": "failed",
        }
        found["crm.lifecycle.history"][name] = sample(
            row,
            {"reason": "Forged"},
            {"profile_id": profile.id, "origin": "manual"},
        )
        found["crm.lifecycle.playbook.log"][name] = sample(
            env["crm.lifecycle.playbook.log"].create(step),
            {"state": "done"},
            {**step, "key": "mail:1"},
        )
        stay = env["crm.lifecycle.stage.duration"].search(
            [("profile_id", "=", profile.id)]
        )
        found["crm.lifecycle.stage.duration"][name] = sample(stay[:1])
        twin = env["crm.lifecycle.duplicate"].search([("profile_id", "=", profile.id)])
        found["crm.lifecycle.duplicate"][name] = sample(twin[:1])
    return found


def make_work(world):
    """Return the records of the scheduled jobs and of background work."""
    env = world.env
    found = {
        "crm.lifecycle.run": {},
        "crm.lifecycle.pending": {},
        "crm.lifecycle.rebuild": {},
        "crm.lifecycle.rebuild.line": {},
        "background.task": {},
    }
    for name, company in (
        ("here", world.home),
        ("branch", world.branch),
        ("there", world.there),
    ):
        run = {"company_id": company.id, "as_of": TODAY, "kind": "quick"}
        touch = {"company_id": company.id, "partner_res_id": world.shared.id}
        found["crm.lifecycle.run"][name] = sample(
            env["crm.lifecycle.run"].create({**run, "state": "done"}),
            {"error": "Forged"},
            run,
        )
        found["crm.lifecycle.pending"][name] = sample(
            env["crm.lifecycle.pending"].create(touch), {"is_review": True}, touch
        )
        rebuild = {
            "lifecycle_id": world.running.id,
            "company_id": company.id,
            "date_from": TODAY,
            "date_to": TODAY,
            "step": "month",
        }
        record = env["crm.lifecycle.rebuild"].create(rebuild)
        line = {
            "rebuild_id": record.id,
            "profile_id": world.profiles["mine"].id,
            "kind": "replaced",
            "data": {"id": 0},
        }
        found["crm.lifecycle.rebuild"][name] = sample(
            record, {"state": "undone"}, rebuild
        )
        found["crm.lifecycle.rebuild.line"][name] = sample(
            env["crm.lifecycle.rebuild.line"].create(line), {"data": {}}, line
        )
    for name, user, company in (
        ("move_mine", world.seller, world.home),
        ("move_others", world.colleague, world.home),
        ("move_branch", world.seller, world.branch),
        ("move_there", world.seller, world.there),
    ):
        task = {
            "name": "Access",
            "kind": "move",
            "user_id": user.id,
            "company_id": company.id,
            "model": "crm.lifecycle.profile",
            "res_ids": [],
            "method": "_task_move",
            "state": "waiting",
        }
        found["background.task"][name] = sample(
            env["background.task"].create(task), {"name": "Forged"}, task
        )
    return found


def make_wizards(world, profiles, lifecycles):
    env = world.env
    mine = profiles["mine"]
    stage = mine.lifecycle_id.stage_ids[-1]
    chosen = {
        "mine": [Command.set(mine.ids)],
        "others": [Command.set(profiles["others"].ids)],
        "there": [Command.set(profiles["there"].ids)],
    }
    created = {
        "crm.lifecycle.profile.move": {"stage_id": stage.id, "reason": "Access"},
        "crm.lifecycle.profile.assign": {"user_id": world.colleague.id},
        "crm.lifecycle.profile.pin": {"pinned_until": "2099-01-01"},
        "crm.lifecycle.transfer": {
            "lifecycle_id": world.running.id,
            "reason": "Access",
        },
    }
    found = {
        model: {
            name: sample(env[model], create={**vals, "profile_ids": ids})
            for name, ids in chosen.items()
        }
        for model, vals in created.items()
    }
    found["crm.lifecycle.profile.call"] = {
        name: sample(
            env["crm.lifecycle.profile.call"],
            create={"profile_id": profiles[name].id, "note": "Access"},
        )
        for name in chosen
    }
    here = {"company_id": world.home.id}
    draft = lifecycles["here"]
    for model, vals in {
        "crm.lifecycle.compare": {
            **here,
            "as_of": TODAY,
            "left": f"lifecycle:{draft.id}",
            "right": f"lifecycle:{world.running.id}",
        },
        "crm.lifecycle.handover": {
            "from_user_id": world.colleague.id,
            "to_user_id": world.seller.id,
        },
        "crm.lifecycle.preview": {**here, "lifecycle_id": draft.id},
        "crm.lifecycle.rebuild.start": {**here, "lifecycle_id": world.running.id},
        "crm.lifecycle.start": {**here, "name": "Access"},
        "crm.lifecycle.test": {"lifecycle_id": draft.id},
    }.items():
        found[model] = {"here": sample(env[model], create=vals)}
    found["crm.lifecycle.start.line"] = {
        "here": sample(env["crm.lifecycle.start.line"])
    }
    Run = env["crm.lifecycle.run"]
    found["crm.lifecycle.run.void"] = {
        name: sample(
            env["crm.lifecycle.run.void"],
            create={
                "run_id": Run.create(
                    {
                        "company_id": company.id,
                        "as_of": TODAY,
                        "kind": "quick",
                        "state": "done",
                    }
                ).id,
                "reason": "Access",
            },
        )
        for name, company in (("here", world.home), ("there", world.there))
    }
    return found


def make_subjects(world, profiles):
    """Return the documents that show a customer's stage."""
    env = world.env
    lead = env["crm.lead"].create(
        {
            "name": "Access lead",
            "type": "opportunity",
            "company_id": world.home.id,
            "user_id": world.seller.id,
        }
    )
    return {
        "res.partner": {"mine": profiles["mine"].partner_id},
        "crm.lead": {"mine": lead},
        "res.config.settings": {
            "here": sample(
                env["res.config.settings"], create={"company_id": world.home.id}
            )
        },
        "mail.activity.plan.template": {
            "here": env["mail.activity.plan.template"].create(
                {
                    "summary": "Access",
                    "plan_id": env["mail.activity.plan"]
                    .create({"name": "Access", "res_model": "crm.lifecycle.profile"})
                    .id,
                }
            )
        },
    }


def sample(record, write=None, create=None):
    """Return a record, values to write on it, and values to create another one."""
    return record, write, create


ARGS = {
    "crm.lifecycle.profile.action_move": lambda world: ("second", "Access"),
    "crm.lifecycle.profile.get_overview": lambda world: (
        "crm.lifecycle.profile",
        world.profiles["mine"].id,
    ),
    "crm.lifecycle.profile.get_timeline": lambda world: (
        "crm.lifecycle.profile",
        world.profiles["mine"].id,
    ),
}
OPENS = """
    crm.lead.action_open_lifecycle_profile
    res.partner.action_open_lifecycle_profile
    crm.lifecycle.customer.mixin.action_open_lifecycle_profile
    crm.lifecycle.profile.mixin.action_open_lifecycle_profile
    crm.lifecycle.action_open_failed_steps
    crm.lifecycle.action_open_profiles
    crm.lifecycle.profile.action_log_call
    crm.lifecycle.profile.action_open_failed_steps
    crm.lifecycle.profile.action_open_history
    crm.lifecycle.profile.action_open_subsidiaries
    crm.lifecycle.stage.action_open_failed_steps
    res.config.settings.action_open_lifecycle_schedule
"""

SEARCHES = """
    crm.lead.lifecycle_profile_id
    crm.lifecycle.profile.follow_up_state
    crm.lifecycle.profile.health
    crm.lifecycle.profile.is_at_risk
    crm.lifecycle.profile.is_follow_up_due
    crm.lifecycle.profile.is_objecting
    crm.lifecycle.profile.is_to_call
    res.partner.lifecycle_profile_id
"""

MODELS = """
model                        record       public portal employee seller leader manager technician admin
crm.lifecycle                here         -      -      -        r      r      rwcd    -          rwcd
crm.lifecycle                everybody    -      -      -        r      r      r       -          r
crm.lifecycle                branch       -      -      -        -      -      -       -          -
crm.lifecycle                there        -      -      -        -      -      -       -          -
crm.lifecycle.stage          here         -      -      -        r      r      rwcd    -          rwcd
crm.lifecycle.stage          everybody    -      -      -        r      r      r       -          r
crm.lifecycle.stage          branch       -      -      -        -      -      -       -          -
crm.lifecycle.stage          there        -      -      -        -      -      -       -          -
crm.lifecycle.rule           here         -      -      -        r      r      rwcd    -          rwcd
crm.lifecycle.rule           everybody    -      -      -        r      r      r       -          r
crm.lifecycle.rule           branch       -      -      -        -      -      -       -          -
crm.lifecycle.rule           there        -      -      -        -      -      -       -          -
crm.lifecycle.tag            here         -      -      -        r      r      rwcd    -          rwcd
crm.lifecycle.tag            everybody    -      -      -        r      r      r       -          r
crm.lifecycle.tag            branch       -      -      -        -      -      -       -          -
crm.lifecycle.tag            there        -      -      -        -      -      -       -          -
crm.lifecycle.health.sign    here         -      -      -        -      -      rw      -          rw
crm.lifecycle.health.sign    branch       -      -      -        -      -      -       -          -
crm.lifecycle.health.sign    there        -      -      -        -      -      -       -          -
crm.lifecycle.version        here         -      -      -        r      r      r       -          r
crm.lifecycle.version        everybody    -      -      -        r      r      r       -          r
crm.lifecycle.version        branch       -      -      -        -      -      -       -          -
crm.lifecycle.version        there        -      -      -        -      -      -       -          -
crm.lifecycle.profile        mine         -      -      -        rwc    rwc    rwcd    -          rwcd
crm.lifecycle.profile        others       -      -      -        -      rwc    rwcd    -          rwcd
crm.lifecycle.profile        free         -      -      -        rwc    rwc    rwcd    -          rwcd
crm.lifecycle.profile        shared       -      -      -        rwc    rwc    rwcd    -          rwcd
crm.lifecycle.profile        shared_there -      -      -        -      -      -       -          -
crm.lifecycle.profile        branch       -      -      -        -      -      -       -          -
crm.lifecycle.profile        there        -      -      -        -      -      -       -          -
crm.lifecycle.history        mine         -      -      -        r      r      r       -          r
crm.lifecycle.history        others       -      -      -        -      r      r       -          r
crm.lifecycle.history        free         -      -      -        r      r      r       -          r
crm.lifecycle.history        shared       -      -      -        r      r      r       -          r
crm.lifecycle.history        shared_there -      -      -        -      -      -       -          -
crm.lifecycle.history        branch       -      -      -        -      -      -       -          -
crm.lifecycle.history        there        -      -      -        -      -      -       -          -
crm.lifecycle.playbook.log           mine         -      -      -        r      r      r       -          r
crm.lifecycle.playbook.log           others       -      -      -        -      r      r       -          r
crm.lifecycle.playbook.log           free         -      -      -        r      r      r       -          r
crm.lifecycle.playbook.log           shared       -      -      -        r      r      r       -          r
crm.lifecycle.playbook.log           shared_there -      -      -        -      -      -       -          -
crm.lifecycle.playbook.log           branch       -      -      -        -      -      -       -          -
crm.lifecycle.playbook.log           there        -      -      -        -      -      -       -          -
crm.lifecycle.stage.duration           mine         -      -      -        r      r      r       -          r
crm.lifecycle.stage.duration           others       -      -      -        -      r      r       -          r
crm.lifecycle.stage.duration           free         -      -      -        r      r      r       -          r
crm.lifecycle.stage.duration           shared       -      -      -        r      r      r       -          r
crm.lifecycle.stage.duration           shared_there -      -      -        -      -      -       -          -
crm.lifecycle.stage.duration           branch       -      -      -        -      -      -       -          -
crm.lifecycle.stage.duration           there        -      -      -        -      -      -       -          -
crm.lifecycle.duplicate                mine         -      -      -        r      r      r       -          r
crm.lifecycle.duplicate                others       -      -      -        -      r      r       -          r
crm.lifecycle.duplicate                free         -      -      -        r      r      r       -          r
crm.lifecycle.duplicate                shared       -      -      -        r      r      r       -          r
crm.lifecycle.duplicate                shared_there -      -      -        -      -      -       -          -
crm.lifecycle.duplicate                branch       -      -      -        -      -      -       -          -
crm.lifecycle.duplicate                there        -      -      -        -      -      -       -          -
crm.lifecycle.run            here         -      -      -        -      -      r       -          r
crm.lifecycle.run            there        -      -      -        -      -      -       -          -
crm.lifecycle.run            branch       -      -      -        -      -      -       -          -
crm.lifecycle.pending          here         -      -      -        -      -      -       r          r
crm.lifecycle.pending          there        -      -      -        -      -      -       r          r
crm.lifecycle.pending          branch       -      -      -        -      -      -       r          r
crm.lifecycle.rebuild        here         -      -      -        -      -      r       -          r
crm.lifecycle.rebuild        there        -      -      -        -      -      -       -          -
crm.lifecycle.rebuild        branch       -      -      -        -      -      -       -          -
crm.lifecycle.rebuild.line   here         -      -      -        -      -      -       r          r
crm.lifecycle.rebuild.line   there        -      -      -        -      -      -       -          -
crm.lifecycle.rebuild.line   branch       -      -      -        -      -      -       -          -
background.task              move_mine    -      -      -        r      -      r       r          r
background.task              move_others  -      -      -        -      -      r       r          r
background.task              move_there   -      -      -        -      -      -       -          -
background.task              move_branch  -      -      -        -      -      -       -          -
crm.lifecycle.profile.move   mine         -      -      -        c      c      c       -          c
crm.lifecycle.profile.move   others       -      -      -        -      c      c       -          c
crm.lifecycle.profile.move   there        -      -      -        -      -      -       -          -
crm.lifecycle.profile.assign mine         -      -      -        c      c      c       -          c
crm.lifecycle.profile.assign others       -      -      -        -      c      c       -          c
crm.lifecycle.profile.assign there        -      -      -        -      -      -       -          -
crm.lifecycle.profile.pin    mine         -      -      -        c      c      c       -          c
crm.lifecycle.profile.pin    others       -      -      -        -      c      c       -          c
crm.lifecycle.profile.pin    there        -      -      -        -      -      -       -          -
crm.lifecycle.transfer       mine         -      -      -        c      c      c       -          c
crm.lifecycle.transfer       others       -      -      -        -      c      c       -          c
crm.lifecycle.transfer       there        -      -      -        -      -      -       -          -
crm.lifecycle.profile.call   mine         -      -      -        c      c      c       -          c
crm.lifecycle.profile.call   others       -      -      -        -      c      c       -          c
crm.lifecycle.profile.call   there        -      -      -        -      -      -       -          -
crm.lifecycle.compare        here         -      -      -        -      -      c       -          c
crm.lifecycle.handover       here         -      -      -        -      -      c       -          c
crm.lifecycle.preview        here         -      -      -        -      -      c       -          c
crm.lifecycle.rebuild.start  here         -      -      -        -      -      c       -          c
crm.lifecycle.start          here         -      -      -        -      -      c       -          c
crm.lifecycle.test           here         -      -      -        -      -      c       -          c
crm.lifecycle.start.line     here         -      -      -        -      -      rwcd    -          rwcd
crm.lifecycle.run.void       here         -      -      -        -      -      c       -          c
crm.lifecycle.run.void       there        -      -      -        -      -      -       -          -
"""

METHODS = """
model                        methods                                  public portal employee seller leader manager technician admin
crm.lifecycle                action_activate,action_add_left_out,action_export,action_run -      -      -        -      -      x       -          x
crm.lifecycle                action_rebuild_history,action_undo_rebuild -      -      -        -      -      x       -          x
crm.lifecycle.rebuild.start  action_preview,action_rebuild            -      -      -        -      -      x       -          x
crm.lifecycle.version        action_restore                           -      -      -        -      -      x       -          x
crm.lifecycle.profile        action_move,action_open_subject          -      -      -        x      x      x       -          x
crm.lifecycle.profile        action_reevaluate,explain,get_overview,get_move_notice -      -      -        x      x      x       -          x
crm.lifecycle.profile        get_timeline                             -      -      -        x      x      x       -          x
crm.lifecycle.playbook.log           action_retry                             -      -      -        -      -      x       -          x
crm.lifecycle.run            action_void                              -      -      -        -      -      x       -          x
crm.lifecycle.run.void       action_void                              -      -      -        -      -      x       -          x
crm.lifecycle.compare        action_compare                           -      -      -        -      -      x       -          x
crm.lifecycle.profile.assign action_assign                            -      -      -        x      x      x       -          x
crm.lifecycle.profile.call   action_log                               -      -      -        x      x      x       -          x
crm.lifecycle.profile.move   action_move                              -      -      -        x      x      x       -          x
crm.lifecycle.profile.pin    action_pin,action_unpin                  -      -      -        x      x      x       -          x
crm.lifecycle.handover       action_hand_over                         -      -      -        -      -      x       -          x
crm.lifecycle.preview        action_look                              -      -      -        -      -      x       -          x
crm.lifecycle.start          action_activate,action_back,action_next  -      -      -        -      -      x       -          x
crm.lifecycle.start          action_refresh,action_start              -      -      -        -      -      x       -          x
crm.lifecycle.start          action_measure,action_use_proposals      -      -      -        -      -      x       -          x
crm.lifecycle.duplicate      action_merge                             -      -      -        -      -      -       -          x
crm.lifecycle.profile        action_merge_duplicates                  -      -      -        -      -      -       -          x
crm.lifecycle.transfer       action_transfer                          -      -      -        x      x      x       -          x
"""

FIELDS = """
model                 fields                                    public portal employee seller leader manager technician admin
mail.activity         lifecycle_suspended_date                  -      -      -        rw     rw     rw      -          rw
ir.actions.server     lifecycle_stage_id                        -      -      -        -      -      -       rw         rw
ir.cron               lifecycle_stage_id                        -      -      -        -      -      -       r          r
crm.lifecycle.version snapshot                                  -      -      -        -      -      -       -          -
res.partner           lifecycle_profile_id,lifecycle_stage_id   -      -      -        r      r      r       -          r
res.partner           lifecycle_stage_date,lifecycle_category   -      -      -        r      r      r       -          r
res.partner           lifecycle_follow_up_date                  -      -      -        r      r      r       -          r
res.partner           lifecycle_last_contact_date               -      -      -        r      r      r       -          r
res.partner           lifecycle_first_seen_date                 -      -      -        r      r      r       -          r
res.partner           lifecycle_profile_ids                     -      -      -        r      r      r       -          r
res.partner           lifecycle_objection_date                  -      -      -        rw     rw     rw      -          rw
res.config.settings   lifecycle_tz                              -      -      -        -      -      -       rw         rw
res.config.settings   lifecycle_hold_days                       -      -      -        -      -      -       rw         rw
res.config.settings   lifecycle_active_names                    -      -      -        -      -      -       rw         rw
res.config.settings   lifecycle_is_scheduled,lifecycle_next_run -      -      -        -      -      -       rw         rw
res.config.settings   lifecycle_last_run_id                     -      -      -        -      -      -       rw         rw
res.config.settings   lifecycle_last_run_state                  -      -      -        -      -      -       rw         rw
res.company           lifecycle_tz                              r      r      r        r      r      r       rw         rw
res.company           lifecycle_hold_days                       r      r      r        r      r      r       rw         rw
res.users             lifecycle_profile_id,lifecycle_stage_id   -      -      -        r      r      r       -          r
res.users             lifecycle_stage_date,lifecycle_category   -      -      -        r      r      r       -          r
res.users             lifecycle_follow_up_date                  -      -      -        r      r      r       -          r
res.users             lifecycle_last_contact_date               -      -      -        r      r      r       -          r
res.users             lifecycle_first_seen_date                 -      -      -        r      r      r       -          r
res.users             lifecycle_objection_date                  -      -      -        r      r      r       -          r
res.users             lifecycle_profile_ids                     -      -      -        r      r      r       -          r
res.users             lifecycle_represented_ids                 -      -      -        r      r      r       -          r
crm.lead              lifecycle_profile_id,lifecycle_stage_id   -      -      -        r      r      r       -          r
crm.lead              lifecycle_stage_date,lifecycle_category   -      -      -        r      r      r       -          r
crm.lead              lifecycle_follow_up_date                  -      -      -        r      r      r       -          r
crm.lead              lifecycle_last_contact_date               -      -      -        r      r      r       -          r
crm.lead              lifecycle_first_seen_date                 -      -      -        r      r      r       -          r
crm.lead              lifecycle_objection_date                  -      -      -        rw     rw     rw      -          rw
crm.lifecycle         rebuild_id,rebuild_note                   -      -      -        -      -      r       -          r
crm.lifecycle         export_file                               -      -      -        -      -      r       -          r
crm.lifecycle.stage   enter_action_ids,exit_action_ids          -      -      -        -      -      -       -          rw
"""
