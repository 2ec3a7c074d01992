"""What addons that need not be installed know of customers.

Each addon with a source of facts declares them in ``data/lifecycle_facts.json``, so
that a template or a file can name what it lacks here. The shape is ``{"origin": {lang:
what has to be installed}, "facts": {field: {lang: label}}}``.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

# Within the folder of an addon.
DECLARATION = "data/lifecycle_facts.json"


class FactInfo(NamedTuple):
    """What is known of a fact while its addon is not installed."""

    origin: dict[str, str]
    label: dict[str, str]


def read_facts(paths: Iterable[str]) -> dict[str, FactInfo]:
    """Return ``{field name: FactInfo}`` of the declarations in some addon folders."""
    facts = {}
    for path in paths:
        declaration = Path(path, DECLARATION)
        if declaration.is_file():
            data = json.loads(declaration.read_text(encoding="utf-8"))
            for name, label in data["facts"].items():
                facts[name] = FactInfo(data["origin"], label)
    return facts
