"""How much tests try: little in everyday runs, much with ``script/test --thorough``."""

import os

THOROUGH = os.environ.get("THOROUGH") == "1"


def rounds(short, long):
    """Return how often a test tries something."""
    return long if THOROUGH else short
