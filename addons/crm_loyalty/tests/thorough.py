"""Number of examples in tests: few by default, many with ``script/test --thorough``."""

import os

THOROUGH = os.environ.get("THOROUGH") == "1"


def rounds(short, long):
    """Return the number of examples for a test."""
    return long if THOROUGH else short
