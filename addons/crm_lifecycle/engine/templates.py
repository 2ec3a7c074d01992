"""Template files: reading them, filling them in, and finding problems.

A template may have parameters, such as the days of silence after which a customer
counts as lost. Placeholders are in braces: ``"today -{churn_days}d"`` in a condition,
``"No order for {churn_days} days"`` in a text. ``"{loyal_orders}"`` alone is a number;
``"{-decline_percent/100}"`` is the negated number, divided by 100. The ``fit`` of a
parameter says which value to propose from a company's purchases, see
`engine.thresholds`.

A stage may name a parameter as ``optional``: with 0 the template has neither the stage
nor the rules into it and out of it.
"""

import functools
import json
import re

from odoo.tools.misc import file_open

from . import domains
from .stages import CATEGORIES
from .thresholds import MEASURES, QUARTILES

SOURCE_LANG = "en_US"
UNITS = ("days", "months", "years", "purchase_days", "percent", "stars")


PLACEHOLDER = re.compile(r"\{(-?)(\w+)(/100)?\}")


class ParameterError(ValueError):
    """A value that a parameter refuses.

    ``problem`` is its kind: ``range`` (below the minimum or above the maximum) or
    ``order`` (not less than the ``other`` parameter).
    """

    def __init__(self, problem, parameter, other=None):
        super().__init__(f"{parameter['code']}: {problem}")
        self.problem = problem
        self.parameter = parameter
        self.other = other


@functools.cache
def read_template(path):
    """Return the template in a file, checked, with its parameters at their defaults.

    The result is shared: do not modify it. ``blank`` has the content of the file.

    :raises ValueError: naming the file and the problem
    """
    with file_open(path, filter_ext=(".json",)) as file:
        blank = json.load(file)
    try:
        template = fill(blank)
    except (KeyError, ParameterError) as error:
        raise ValueError(f"{path}: parameter {error}") from error
    for problem in find_problems(template):
        raise ValueError(f"{path}: {problem}")
    return template


def get_parameters(template):
    """Return the parameters of a template: its own, and the follow-ups of stages."""
    return [
        *template.get("parameters", []),
        *(
            {
                "code": f"follow_up.{stage['code']}",
                "stage": stage["code"],
                "label": stage["name"],
                "unit": "days",
                "default": stage["follow_up_days"],
                "min": 0,
                "max": 730,
            }
            for stage in template["stages"]
        ),
    ]


def get_placeholders(part):
    """Return the codes of the parameters with placeholders in part of a template."""
    if isinstance(part, str):
        return {match[2] for match in PLACEHOLDER.finditer(part)}
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list):
        return set().union(*map(get_placeholders, part))
    return set()


def check_values(parameters, values):
    """Raise a `ParameterError` for the first value that its parameter refuses."""
    by_code = {parameter["code"]: parameter for parameter in parameters}
    for parameter in parameters:
        value = values[parameter["code"]]
        if type(value) is not int or not parameter["min"] <= value <= parameter["max"]:
            raise ParameterError("range", parameter)
    for parameter in parameters:
        other = parameter.get("less_than")
        # 0 switches the part of the other parameter off: there is nothing to compare.
        if other and values[other] and not values[parameter["code"]] < values[other]:
            raise ParameterError("order", parameter, by_code[other])


def fill(blank, values=None):
    """Return a template with values, or defaults, in place of its parameters.

    :raises ParameterError: if a parameter refuses its value
    """
    parameters = get_parameters(blank)
    known = {parameter["code"]: parameter["default"] for parameter in parameters}
    known |= {code: n for code, n in (values or {}).items() if code in known}
    check_values(parameters, known)
    template = {
        name: part if name == "parameters" else _fill_in(part, known)
        for name, part in blank.items()
    }
    for stage in template["stages"]:
        stage["follow_up_days"] = known[f"follow_up.{stage['code']}"]
    return {**_remove_switched_off(template, known), "blank": blank}


def _remove_switched_off(template, values):
    """Return a template without the stages that are switched off, and their rules."""
    off = {
        stage["code"]
        for stage in template["stages"]
        if "optional" in stage and not values[stage["optional"]]
    }
    if not off:
        return template
    rules = [
        {**rule, "from": [code for code in rule["from"] if code not in off]}
        for rule in template["rules"]
        if rule["to"] not in off and not (rule["from"] and off.issuperset(rule["from"]))
    ]
    stages = [stage for stage in template["stages"] if stage["code"] not in off]
    return {**template, "stages": stages, "rules": rules}


def _fill_in(part, values):
    """Return part of a template with values in place of placeholders."""
    if isinstance(part, dict):
        return {name: _fill_in(item, values) for name, item in part.items()}
    if isinstance(part, list):
        return [_fill_in(item, values) for item in part]
    if not isinstance(part, str):
        return part
    if match := PLACEHOLDER.fullmatch(part):
        return _get_number(match, values)
    return PLACEHOLDER.sub(lambda match: str(_get_number(match, values)), part)


def _get_number(match, values):
    sign, code, hundredth = match.groups()
    value = values[code]
    if hundredth:
        value /= 100
    return -value if sign else value


def find_problems(template):
    """Yield the problems that make a template unusable, in words for its author."""
    for name in ("code", "sequence", "skip_policy", "regress_policy"):
        if name not in template:
            yield f"“{name}” is missing"
    for name in ("name", "description", "source"):
        if SOURCE_LANG not in template.get(name, {}):
            yield f"“{name}” is missing in {SOURCE_LANG}"
    yield from _find_nameless(template)
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
    yield from _find_unfit(template)


def _find_unfit(template):
    """Yield parameters with a ``fit`` that names no measure, stage or tag."""
    stages = {stage["code"] for stage in template.get("stages", [])}
    tags = {tag["code"] for tag in template.get("tags", [])}
    for parameter in template.get("parameters", []):
        fit = parameter.get("fit")
        if fit and not (
            fit["measure"] in MEASURES
            and 1 <= fit["quartile"] <= len(QUARTILES)
            and fit["times"] > 0
            and (fit.get("stage") in stages or fit.get("tag") in tags)
        ):
            yield f"“fit” of “{parameter['code']}” is not known: {fit}"


def _find_nameless(template):
    """Yield missing labels and names."""
    for parameter in template.get("parameters", []):
        if SOURCE_LANG not in parameter["label"] or parameter["unit"] not in UNITS:
            yield f"parameter without a label or a known unit: {parameter}"
    for part in ("stages", "rules", "tags"):
        for item in template.get(part, []):
            if SOURCE_LANG not in item.get("name", {}):
                yield f"one of the {part} has no name in {SOURCE_LANG}: {item}"


def write_domain(conditions):
    """Return conditions from JSON as the text of a domain.

    >>> write_domain(["|", ["order_count", "=", 0], ["decision", "=", False]])
    "['|', ('order_count', '=', 0), ('decision', '=', False)]"
    """
    return repr(
        [tuple(item) if isinstance(item, list) else item for item in conditions]
    )
