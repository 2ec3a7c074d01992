"""The loyalty program whose points stay on cards, for all that measures points."""

from odoo.fields import Command


def create_program(env, **values):
    """Create it; ``values`` are those of `loyalty.program` beside or instead."""
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
