"""Templates as files: reading them, and finding what is wrong with them."""

import functools
import json

from odoo.tools.misc import file_open

from . import domains
from .stages import CATEGORIES

SOURCE_LANG = "en_US"


@functools.cache
def read_template(path):
    """Return the template in a file, checked. The result is shared: don't edit it.

    :raises ValueError: naming the file and what is wrong with it
    """
    with file_open(path, filter_ext=(".json",)) as file:
        template = json.load(file)
    for problem in find_problems(template):
        raise ValueError(f"{path}: {problem}")
    return template


def find_problems(template):
    """Yield what keeps a template from being used, in words for its author."""
    for name in ("code", "sequence", "skip_policy", "regress_policy"):
        if name not in template:
            yield f"“{name}” is missing"
    for name in ("name", "description", "source"):
        if SOURCE_LANG not in template.get(name, {}):
            yield f"“{name}” is missing in {SOURCE_LANG}"
    for part in ("stages", "rules", "tags"):
        for item in template.get(part, []):
            if SOURCE_LANG not in item.get("name", {}):
                yield f"one of the {part} has no name in {SOURCE_LANG}: {item}"
    stages = [stage["code"] for stage in template.get("stages", [])]
    if not stages or len(stages) > len(set(stages)):
        yield f"stages need codes of their own: {stages}"
    for stage in template.get("stages", []):
        if stage["category"] not in CATEGORIES:
            yield f"unknown category “{stage['category']}”"
    for rule in template.get("rules", []):
        for code in {*rule["from"], rule["to"]} - set(stages):
            yield f"“{rule['name'][SOURCE_LANG]}” names no stage: {code}"
    for item in [*template.get("rules", []), *template.get("tags", [])]:
        try:
            domains.parse(write_domain(item["domain"]))
        except domains.DomainError as error:
            yield f"conditions of “{item['name'][SOURCE_LANG]}”: {error}"


def write_domain(conditions):
    """Return conditions from JSON as the text of a domain.

    >>> write_domain(["|", ["order_count", "=", 0], ["decision", "=", False]])
    "['|', ('order_count', '=', 0), ('decision', '=', False)]"
    """
    return repr(
        [tuple(item) if isinstance(item, list) else item for item in conditions]
    )
