"""Tests of Odoo that test what our addons change on purpose have to fail.

`ODOO_CHANGED` names a file with a test on each line, `Class.method`, and after a
colon the reason why it fails. Such a test that passes fails the run, and so does a
line that names no test.
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
