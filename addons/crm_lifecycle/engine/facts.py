"""Facts about customers from addons that may not be installed.

Each addon with a source of facts declares them in ``data/lifecycle_facts.json``, so
that a template or a file can name what is missing. The structure is ``{"origin": {lang:
what has to be installed}, "facts": {field: {lang: label}}}``.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

# Path inside the folder of an addon.
DECLARATION = "data/lifecycle_facts.json"


class FactInfo(NamedTuple):
    """What is known about a fact while its addon is not installed."""

    origin: dict[str, str]
    label: dict[str, str]


def read_facts(paths: Iterable[str]) -> dict[str, FactInfo]:
    """Return ``{field name: FactInfo}`` from the declarations in addon folders."""
    facts = {}
    for path in paths:
        declaration = Path(path, DECLARATION)
        if declaration.is_file():
            data = json.loads(declaration.read_text(encoding="utf-8"))
            for name, label in data["facts"].items():
                facts[name] = FactInfo(data["origin"], label)
    return facts
