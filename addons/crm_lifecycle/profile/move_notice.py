"""Texts about moves that rules would make after the hold of a manual move."""

from collections import Counter

from ..run.outlook import get_outlook
from .formatter import ConditionFormatter


def get_move_notice(profiles):
    """Return what to notify a user of who has just moved customers by hand.

    :return: ``{"message", "profile_ids"}`` with the customers that rules would move
        away, False if there are none
    """
    env = profiles.env
    moves = get_outlook(profiles)
    if not moves:
        return False
    if len(profiles) == 1:
        [move] = moves.values()
        lines = [
            format_move(env, move),
            env._("Pin the customer to keep the stage."),
        ]
    else:
        counts = Counter(moves.values())
        lines = [
            *(format_moves(env, move, count) for move, count in counts.items()),
            env._("Pin the customers to keep the stage."),
        ]
    return {"message": "\n".join(lines), "profile_ids": sorted(moves)}


def format_hold(env, held_until, move):
    """Return a sentence about a hold, and the move that waits for its end, if any."""
    if not move:
        return env._(
            "Held until %(day)s: the stage was chosen by hand.",
            day=_format_day(env, held_until),
        )
    if not move.rule:
        return env._(
            "Held until %(day)s: the lifecycle “%(lifecycle)s” would take over this "
            "customer.",
            **_get_names(env, move),
        )
    return env._(
        "Held until %(day)s: rule “%(rule)s” would move this customer to %(stage)s.",
        **_get_names(env, move),
    )


def format_move(env, move):
    """Return a sentence about the move of a customer."""
    if not move.rule:
        return env._(
            "The lifecycle “%(lifecycle)s” would take over this customer on %(day)s, "
            "in the stage “%(stage)s”.",
            **_get_names(env, move),
        )
    return env._(
        "The rule “%(rule)s” would move this customer to “%(stage)s” on %(day)s.",
        **_get_names(env, move),
    )


def format_moves(env, move, count):
    """Return a sentence about the same move of several customers."""
    if not move.rule:
        return env._(
            "The lifecycle “%(lifecycle)s” would take over %(count)s of these "
            "customers on %(day)s, in the stage “%(stage)s”.",
            count=count,
            **_get_names(env, move),
        )
    return env._(
        "The rule “%(rule)s” would move %(count)s of these customers to “%(stage)s” on "
        "%(day)s.",
        count=count,
        **_get_names(env, move),
    )


def _get_names(env, move):
    return {
        "rule": move.rule.name,
        "stage": move.stage.name,
        "lifecycle": move.stage.lifecycle_id.name,
        "day": _format_day(env, move.day),
    }


def _format_day(env, day):
    return ConditionFormatter(env["crm.lifecycle.profile"]).format_date(day)
