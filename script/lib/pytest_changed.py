"""pytest plugin: Odoo's tests of behavior that our addons change must fail.

`ODOO_CHANGED` is the path of a file with a test on each line: `Class.method`, a colon
and the reason of the failure. Lines below `[part]` are about the run with this
`ODOO_CHANGED_PART`. The run fails if such a test passes or does not exist.
"""

import os
from pathlib import Path

import pytest


def read_changed(path, part):
    changed, current = {}, None
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif line and line[0] != "#" and current == part:
            name, reason = line.split(":", 1)
            changed[name.strip()] = reason.strip()
    return changed


def pytest_collection_modifyitems(items):
    changed = read_changed(os.environ["ODOO_CHANGED"], os.environ["ODOO_CHANGED_PART"])
    for item in items:
        name = f"{item.parent.name}.{item.name}"
        if name in changed:
            reason = changed.pop(name)
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    if changed:
        raise pytest.UsageError(f"no such tests: {', '.join(changed)}")
