"""Lifecycle files: reading them, and checking their structure.

The structure is ``{"format": "crm.lifecycle", "schema": 1, "lifecycle": {…, "stages":
[…], "rules": […], "tags": […]}}``. Translated texts are objects by language. The models
check the values.
"""

import json

FORMAT = "crm.lifecycle"
SCHEMA = 1
MAX_BYTES = 2_000_000
# Limits beyond what anyone could maintain.
MAX_ITEMS = {"stages": 100, "rules": 1000, "tags": 200}
# Nesting of objects and lists: conditions are nested, but not endlessly.
MAX_DEPTH = 40


class FileFormatError(ValueError):
    """The problem that prevents a file from being read: a code, and its details.

    Codes: ``big``, ``text``, ``json``, ``deep``, ``format``, ``schema``,
    ``newer``, ``shape``, ``missing``, ``many``, ``code``, ``empty``, ``stage``.
    """

    def __init__(self, code, /, **values):
        super().__init__(code, values)
        self.code = code
        self.values_by_name = values


def read(content: bytes) -> dict:
    """Return the lifecycle in the bytes of a file, with its structure checked.

    :raises FileFormatError: if the file contains no valid lifecycle
    """
    if len(content) > MAX_BYTES:
        raise FileFormatError("big", megabytes=MAX_BYTES // 1_000_000)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError("text") from error
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise FileFormatError("deep") from error
    except ValueError as error:
        raise FileFormatError("json", error=str(error)) from error
    return check(data)


def check(data) -> dict:
    """Check the structure of the data of a file, and return its lifecycle."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FileFormatError("format")
    schema = data.get("schema")
    if type(schema) is not int or schema < 1:
        raise FileFormatError("schema")
    if schema > SCHEMA:
        raise FileFormatError("newer", schema=schema, known=SCHEMA)
    _check_values(data, 0)
    lifecycle = data.get("lifecycle")
    if not isinstance(lifecycle, dict):
        raise FileFormatError("shape", what="lifecycle")
    for part, most in MAX_ITEMS.items():
        items = lifecycle.setdefault(part, [])
        if not isinstance(items, list) or not all(
            isinstance(item, dict) for item in items
        ):
            raise FileFormatError("shape", what=part)
        if len(items) > most:
            raise FileFormatError("many", part=part, most=most)
    _check_names(lifecycle, "lifecycle", 1)
    if not lifecycle["stages"]:
        raise FileFormatError("empty")
    for part in MAX_ITEMS:
        for place, item in enumerate(lifecycle[part], start=1):
            _check_names(item, part, place)
    for part in ("stages", "tags"):
        _check_codes(part, lifecycle[part])
    _check_rules(lifecycle)
    return lifecycle


def text_of(texts, lang=None) -> str:
    """Return a text of a file in a language, else in English, else in any."""
    if isinstance(texts, str):
        return texts
    if not isinstance(texts, dict):
        return ""
    return texts.get(lang) or texts.get("en_US") or next(iter(texts.values()), "")


def _refuse_constant(name):
    raise ValueError(name)


def _check_values(value, depth):
    """Refuse values that no database accepts: deep nesting, invalid characters."""
    if depth > MAX_DEPTH:
        raise FileFormatError("deep")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check_values(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_values(item, depth + 1)


def _check_text(text):
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FileFormatError("text") from error
    if "\0" in text:
        raise FileFormatError("text")


def _check_names(item, part, place):
    texts = item.get("name")
    if isinstance(texts, dict) and not all(isinstance(t, str) for t in texts.values()):
        raise FileFormatError("missing", part=part, place=place, field="name")
    if not text_of(texts).strip():
        raise FileFormatError("missing", part=part, place=place, field="name")


def _check_codes(part, items):
    seen = set()
    for place, item in enumerate(items, start=1):
        code = item.get("code")
        if not isinstance(code, str) or not code.strip():
            raise FileFormatError("missing", part=part, place=place, field="code")
        if code in seen:
            raise FileFormatError("code", part=part, code=code)
        seen.add(code)


def _check_rules(lifecycle):
    """Check that the rules use stages of the file."""
    codes = {stage["code"] for stage in lifecycle["stages"]}
    for place, rule in enumerate(lifecycle["rules"], start=1):
        target = rule.get("to_stage_id")
        if target is None:
            raise FileFormatError(
                "missing", part="rules", place=place, field="to_stage_id"
            )
        origins = rule.get("from_stage_ids", [])
        if not isinstance(origins, list):
            raise FileFormatError("shape", what="from_stage_ids")
        for code in [target, *origins]:
            if not isinstance(code, str) or code not in codes:
                raise FileFormatError("stage", rule=text_of(rule["name"]), code=code)
