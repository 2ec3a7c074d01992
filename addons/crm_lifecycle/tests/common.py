"""Common setup for tests of the lifecycle."""

from datetime import date, datetime, time, timedelta

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL

TODAY = date(2026, 3, 2)


class LifecycleCase(TransactionCase):
    """One company with a lifecycle of five stages, and users with the roles of Sales.

    Stages: prospect, engaged, customer, risk (beside the ladder), lost. Runs are as of
    `TODAY` by default.
    """

    # Whether runs may be as of days after the present date of the database.
    can_look_ahead = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        cls.company = cls.env["res.company"].create(
            # Without a hold, rules may be tested right after a manual move.
            {
                "name": "Lifecycle & Co",
                "lifecycle_tz": "UTC",
                "lifecycle_hold_days": 0,
            }
        )
        if cls.can_look_ahead:
            cls.classPatch(
                type(cls.company), "_get_database_today", lambda company: date.max
            )
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids}
        )
        cls.env.user.company_ids |= cls.company
        cls.salesperson = cls._user("sally", "sales_team.group_sale_salesman")
        cls.colleague = cls._user("cole", "sales_team.group_sale_salesman")
        cls.leader = cls._user("lea", "sales_team.group_sale_salesman_all_leads")
        cls.manager = cls._user("mona", "sales_team.group_sale_manager")
        cls.lifecycle = cls.env["crm.lifecycle"].create(
            {
                "name": "Test lifecycle",
                "company_id": cls.company.id,
                "stage_ids": [
                    Command.create(
                        {
                            "name": name,
                            "code": code,
                            "category": category,
                            "sequence": sequence,
                        }
                    )
                    for sequence, (name, code, category) in enumerate(
                        [
                            ("Prospect", "prospect", "prospect"),
                            ("Engaged", "engaged", "engaged"),
                            ("Customer", "customer", "customer"),
                            ("Risk", "risk", "at_risk"),
                            ("Lost", "lost", "lost"),
                        ]
                    )
                ],
            }
        )
        for stage in cls.lifecycle.stage_ids:
            setattr(cls, stage.code, stage)
        cls.lifecycle.write({"state": "active", "activation_date": "2026-01-01"})

    @classmethod
    def _user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _rule(cls, to_stage, domain, from_stages=None, **vals):
        return cls.env["crm.lifecycle.rule"].create(
            {
                "name": f"to {to_stage.name}",
                "lifecycle_id": cls.lifecycle.id,
                "from_stage_ids": [Command.set(from_stages.ids)] if from_stages else [],
                "to_stage_id": to_stage.id,
                "domain": repr(domain),
                **vals,
            }
        )

    @classmethod
    def _lead(cls, days_ago=0, **vals):
        """Create a lead some days before `TODAY`, at noon."""
        lead = cls.env["crm.lead"].create(
            {
                "name": "Lead",
                "type": "opportunity",
                "company_id": cls.company.id,
                "user_id": False,
                **vals,
            }
        )
        cls._set_create_date(lead, days_ago)
        return lead

    @classmethod
    def _set_create_date(cls, records, days_ago, moment=time(12)):
        """Backdate records: the ORM does not write their creation date."""
        cls.env.flush_all()
        when = datetime.combine(TODAY - timedelta(days=days_ago), moment)
        cls.env.cr.execute(
            f"UPDATE {records._table} SET create_date = %s WHERE id = ANY(%s)",
            [when, records.ids],
        )
        records.invalidate_recordset()

    @classmethod
    def _partner(cls, name="Ada", **vals):
        return cls.env["res.partner"].create(
            {"name": name, "company_id": cls.company.id, **vals}
        )

    @classmethod
    def _customer(cls, name="Ada", **vals):
        """Create a contact with one lead; return their profile after a run."""
        partner = cls._partner(name, **vals)
        cls._lead(partner_id=partner.id)
        cls._run()
        return cls._profile(partner)

    @classmethod
    def _profile(cls, subject):
        field = "partner_id" if subject._name == "res.partner" else "lead_id"
        return (
            cls.env["crm.lifecycle.profile"]
            .with_context(active_test=False)
            .search([(field, "=", subject.id), ("company_id", "=", cls.company.id)])
        )

    @classmethod
    def _run(cls, as_of=TODAY, **kwargs):
        cls.env.flush_all()
        run = cls.env["crm.lifecycle"]._run(cls.company, as_of, **kwargs)
        cls.env.invalidate_all()
        return run

    def _get_plan(self, statement, *dear):
        """Return the plan of a statement, as text, as if there were many rows.

        The tables have few rows, and their statistics depend on earlier tests, so the
        choice between two plans of similar cost is random. Conditions are made
        expensive, so that the planner uses an index that answers them.

        :param dear: plan types to avoid, such as ``"seqscan"``: the planner scans small
            tables, whatever it would do with many rows
        """
        self.env.cr.execute("SET LOCAL cpu_operator_cost = 100")
        for way in dear:
            self.env.cr.execute(
                SQL("SET LOCAL %s = off", SQL.identifier(f"enable_{way}"))
            )
        rows = self.env.execute_query(SQL("EXPLAIN (COSTS OFF) %s", statement))
        return "\n".join(line for [line] in rows)

    def _moves(self, profile):
        """Return the moves of a customer, oldest first: ``[(from, to, origin)]``."""
        return [
            (row.from_stage_id.code or None, row.to_stage_id.code, row.origin)
            for row in profile.history_ids.sorted("id")
        ]
