"""The loyalty program of the benchmarks, with points that stay on cards."""

from odoo.fields import Command


def create_program(env, **values):
    """Create the program; ``values`` add to its defaults or override them."""
    return env["loyalty.program"].create(
        {
            "name": "Bench",
            "program_type": "loyalty",
            "applies_on": "both",
            "trigger": "auto",
            "reward_ids": [Command.create({})],
            **values,
        }
    )
