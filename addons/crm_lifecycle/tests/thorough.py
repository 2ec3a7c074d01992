"""Number of attempts: few in everyday runs, many with ``script/test --thorough``."""

import os

THOROUGH = os.environ.get("THOROUGH") == "1"


def rounds(short, long):
    """Return how often a test repeats an attempt."""
    return long if THOROUGH else short
