"""pytest plugin: Odoo's tests of behavior that our addons change must fail.

`ODOO_CHANGED` is the path of a file with a test on each line: `Class.method`, a colon
and the reason of the failure. The run fails if such a test passes or does not exist.
"""

import os
from pathlib import Path

import pytest


def read_changed(path):
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    pairs = (line.split(":", 1) for line in lines if line and line[0] != "#")
    return {name.strip(): reason.strip() for name, reason in pairs}


def pytest_collection_modifyitems(items):
    changed = read_changed(os.environ["ODOO_CHANGED"])
    for item in items:
        name = f"{item.parent.name}.{item.name}"
        if name in changed:
            reason = changed.pop(name)
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    if changed:
        raise pytest.UsageError(f"no such tests: {', '.join(changed)}")
