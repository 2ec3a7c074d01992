"""Field paths in texts that users keep: domains, contexts, views, dashboards.

Plain Python. A `translate` function maps ``(model, path)`` to the path with new names;
`rename.Renamer` has one that reads the fields of a database.
"""

import ast
import json
import re

# Keys of the definition of a pivot, list or chart that name its model.
MODEL_KEYS = ("model", "resModel")
# Keys of a context that hold field paths, with or without ":month".
GROUP_KEYS = ("group_by", "pivot_row_groupby", "pivot_column_groupby", "pivot_measures")

NESTED = ("any", "not any", "any!", "not any!")
OPERATORS = (
    *("=", "!=", "<", "<=", ">", ">=", "<>", "=?", "in", "not in"),
    *("like", "not like", "ilike", "not ilike", "=like", "=ilike", "not =like"),
    *("not =ilike", "child_of", "parent_of", *NESTED),
)


def rename_domain(text, model, translate):
    """Return the text of a domain with the new paths of its conditions.

    Everything else of the text stays as it is. A text that is no Python expression
    is returned unchanged.
    """
    return _replace_constants(text, _find_conditions, model, translate)


def rename_context(text, model, translate):
    """Return the text of a context with the new paths of its groupings and defaults."""
    return _replace_constants(text, _find_groupings, model, translate)


def rename_path_list(text, model, translate):
    """Return the JSON text of a list such as ``["date desc", "tier_id"]``."""
    try:
        paths = json.loads(text)
    except ValueError:
        return text
    if not isinstance(paths, list):
        return text
    new = [
        _rename_grouping(path, model, translate) if isinstance(path, str) else path
        for path in paths
    ]
    return text if new == paths else json.dumps(new)


def rename_export_path(text, model, translate):
    """Return the path of an exported column, such as ``tier_id/name``."""
    return translate(model, text.replace("/", ".")).replace(".", "/")


def rename_path(text, model, translate):
    """Return a field path such as ``partner_id.tier_id``."""
    return translate(model, text)


def rename_words(text, names):
    """Return a text of code in which each word of ``{old: new}`` is replaced.

    The name of a model is not part of a longer one; the name of a field may have
    dots beside it.
    """
    models = [re.escape(name) for name in names if "." in name]
    fields = [re.escape(name) for name in names if "." not in name]
    if models:
        pattern = rf"(?<![\w.-])(?:{'|'.join(models)})(?![\w-]|\.\w)"
        text = re.sub(pattern, lambda found: names[found.group()], text)
    if fields:
        pattern = rf"(?<![\w-])(?:{'|'.join(fields)})(?![\w-])"
        text = re.sub(pattern, lambda found: names[found.group()], text)
    return text


def rename_modules(text, names):
    """Return a text in which XML ids begin with the new name of their addon."""
    if not names:
        return text
    pattern = rf"(?<![\w.-])(?:{'|'.join(map(re.escape, names))})(?=\.\w)"
    return re.sub(pattern, lambda found: names[found.group()], text)


def rename_dashboard(data, translate, rename_model):
    """Rename in the parsed JSON of a spreadsheet, in place; return if it changed.

    Each pivot, list and chart names its model. Formulas name fields by text, so they
    take over what was renamed in a source of the same spreadsheet.
    """
    renamed = {}

    def rename_in(value, model):
        if isinstance(value, list):
            return [rename_in(item, model) for item in value]
        if isinstance(value, dict):
            for key in MODEL_KEYS:
                if isinstance(value.get(key), str):
                    model = value[key]
            return {key: rename_key(key, item, model) for key, item in value.items()}
        if isinstance(value, str) and model:
            new = _rename_grouping(value, model, translate)
            if new != value:
                renamed[value] = new
            return new
        return value

    def rename_key(key, item, model):
        if key in MODEL_KEYS and isinstance(item, str):
            return rename_model(item)
        if key == "domain" and isinstance(item, str) and model:
            return rename_domain(item, model, translate)
        return rename_in(item, model)

    new = rename_in(data, None)
    for sheet in new.get("sheets") or []:
        for key, cell in (sheet.get("cells") or {}).items():
            content = cell.get("content") if isinstance(cell, dict) else cell
            if not isinstance(content, str) or not content.startswith("="):
                continue
            replaced = rename_words(content, renamed)
            if isinstance(cell, dict):
                cell["content"] = replaced
            else:
                sheet["cells"][key] = replaced
    changed = new != data
    data.clear()
    data.update(new)
    return changed


def _rename_grouping(text, model, translate):
    """Return ``path``, ``path:month`` or ``path desc`` with its new names."""
    found = re.fullmatch(r"(-?)([a-z_][\w.]*)((?::\w+)?(?:\s+(?:asc|desc))?)", text)
    if not found:
        return text
    sign, path, rest = found.groups()
    return f"{sign}{translate(model, path)}{rest}"


def _replace_constants(text, find, model, translate):
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return text
    starts = [len(text) - len(text.lstrip())]
    for line in text.strip().splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    raw = text.encode()
    edits = []
    for node, prefix in find(tree.body):
        new = _rename_below(prefix, node.value, model, translate)
        if new != node.value:
            # Offsets of the syntax tree count bytes.
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            quoted = raw[start:end].replace(node.value.encode(), new.encode())
            edits.append((start, end, quoted))
    for start, end, new in sorted(edits, reverse=True):
        raw = raw[:start] + new + raw[end:]
    return raw.decode()


def _rename_below(prefix, path, model, translate):
    """Return the new path of a condition below the relations of a prefix."""
    if not prefix:
        return _rename_grouping(path, model, translate)
    whole = translate(model, ".".join([*prefix, path]))
    return ".".join(whole.split(".")[len(prefix) :])


def _find_conditions(tree, prefix=()):
    """Yield each path of a domain with the relations of the ``any`` above it."""
    elements = getattr(tree, "elts", ())
    if _is_condition(tree):
        first, operator, value = elements
        yield first, prefix
        if operator.value in NESTED:
            yield from _find_conditions(value, (*prefix, *first.value.split(".")))
        return
    for node in ast.iter_child_nodes(tree):
        yield from _find_conditions(node, prefix)


def _is_condition(node):
    if not isinstance(node, ast.Tuple | ast.List) or len(node.elts) != 3:
        return False
    first, operator = node.elts[:2]
    return _is_text(first) and _is_text(operator) and operator.value in OPERATORS


def _find_groupings(tree):
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if _is_text(key) and key.value in GROUP_KEYS:
                for item in ast.walk(value):
                    if _is_text(item):
                        yield item, ()


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
