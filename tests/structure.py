"""The structure of the addons' code, read from its syntax trees.

No module is imported, so this needs neither Odoo nor a database.
"""

import ast
import random
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ADDONS = Path(__file__).resolve().parent.parent / "addons"
# Attributes that each class of a model has of its own.
OWN = {"_name", "_inherit", "_inherits", "_description"}
LEFT_OUT = {"tests", "migrations", "static"}


class ModelClass(NamedTuple):
    """A class of a model in one file, with the names that it defines."""

    addon: str
    model: str
    file: Path
    names: tuple[str, ...]
    inherits: tuple[str, ...]
    is_new: bool
    fields: tuple[str, ...] = ()


def read_classes(addons=ADDONS):
    """Return the `ModelClass` list of some addons, file by file."""
    classes = []
    for file, tree in read_trees(addons):
        addon = file.relative_to(addons).parts[0]
        classes += filter(None, (_read_class(addon, file, node) for node in tree.body))
    return classes


def _read_class(addon, file, node):
    if not isinstance(node, ast.ClassDef):
        return None
    values = {name: item for item in node.body for name in _get_names(item)}
    inherits = _get_texts(values.get("_inherit"))
    named = _get_texts(values.get("_name"))
    if not (named or inherits):
        return None
    model = (named or inherits)[0]
    return ModelClass(
        addon,
        model,
        file,
        tuple(name for name in values if name not in OWN),
        inherits,
        model not in inherits,
        tuple(name for name, item in values.items() if _is_field(name, item)),
    )


def _get_names(item):
    if isinstance(item, ast.FunctionDef):
        return [item.name]
    if isinstance(item, ast.Assign):
        return [target.id for target in item.targets if isinstance(target, ast.Name)]
    if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
        return [item.target.id]
    return []


def _is_field(name, item):
    """Whether a class defines a field: a public name that a call gives its value.

    Which call it is says nothing: addons have kinds of fields of their own, and
    functions that return fields.
    """
    is_assigned = isinstance(item, ast.Assign | ast.AnnAssign)
    return is_assigned and isinstance(item.value, ast.Call) and not name.startswith("_")


def _get_texts(item):
    if not isinstance(item, ast.Assign | ast.AnnAssign):
        return ()
    nodes = getattr(item.value, "elts", [item.value])
    return tuple(node.value for node in nodes if isinstance(node, ast.Constant))


def find_doubles(classes):
    """Return ``{(addon, model, name): files}`` of names that an addon defines twice."""
    files = defaultdict(list)
    for item in classes:
        for name in item.names:
            files[item.addon, item.model, name].append(item.file)
    return {key: found for key, found in files.items() if len(found) > 1}


def count_files(classes):
    """Return ``{(addon, model): number of its files}``."""
    files = defaultdict(set)
    for item in classes:
        files[item.addon, item.model].add(item.file)
    return {key: len(found) for key, found in files.items()}


# ----------------------------------------------------------------
# Models and fields of other addons
# ----------------------------------------------------------------


def get_new_models(classes):
    """Return ``{model: addon}`` of the models that the addons define."""
    return {item.model: item.addon for item in classes if item.is_new}


def get_added_fields(classes):
    """Return ``{(model, field): addon}`` of the fields on models of other addons.

    A mixin of the addons counts as such a model where one inherits it, directly or
    through another mixin.
    """
    own = get_new_models(classes)
    foreign = {item.model for item in classes} - set(own)
    parents = defaultdict(set)
    for item in classes:
        parents[item.model].update(item.inherits)
    shared, waiting = set(), list(foreign)
    while waiting:
        mixins = parents[waiting.pop()].intersection(own) - shared
        shared |= mixins
        waiting += mixins
    return {
        (item.model, name): item.addon
        for item in classes
        if item.model in foreign | shared
        for name in item.fields
    }


# ----------------------------------------------------------------
# The order of imports
# ----------------------------------------------------------------


def get_orders(items, needs, seeds):
    """Yield the items reversed, then shuffled once for each seed.

    ``needs(item)`` are the items that must precede an item: they are moved before it.
    """
    orders = [list(reversed(items))]
    for seed in seeds:
        shuffled = list(items)
        random.Random(seed).shuffle(shuffled)
        orders.append(shuffled)
    for order in orders:
        yield _put_needed_first(order, needs)


def _put_needed_first(order, needs):
    done = {}

    def add(item):
        if item not in done:
            for needed in needs(item):
                if needed != item and needed in order:
                    add(needed)
            done[item] = True

    for item in order:
        add(item)
    return list(done)


def get_needs(classes):
    """Return a function of a file: the files of new models that its classes inherit."""
    homes = {(item.addon, item.model): item.file for item in classes if item.is_new}
    needed = defaultdict(set)
    for item in classes:
        for model in (*item.inherits, item.model):
            home = homes.get((item.addon, model))
            if home:
                needed[item.file].add(home)
    return lambda file: sorted(needed[file])


def get_definition_order(classes, files):
    """Return ``{(model, name): files}`` in the order in which definitions run."""
    place = {file: number for number, file in enumerate(files)}
    found = defaultdict(list)
    for item in sorted(classes, key=lambda item: place[item.file]):
        for name in item.names:
            found[item.model, name].append(item.file)
    return dict(found)


# ----------------------------------------------------------------
# Texts and names
# ----------------------------------------------------------------

_ALIAS = r"(?:\s+AS)?(?:\s+(?!SET\b)\w+)?"
_SET = re.compile(
    rf"\bUPDATE\s+(?:ONLY\s+)?(\S+?){_ALIAS}\s+SET\s(.*?)(?:\bFROM\b|\bWHERE\b|$)",
    re.IGNORECASE | re.DOTALL,
)
_INSERT = re.compile(r"\bINSERT\s+INTO\s+([^\s(]+)", re.IGNORECASE)
_PLACE = re.compile(r"%s|%\(\w+\)s")


def read_texts(addons=ADDONS):
    """Yield ``(file, text)`` of each string of the addons, docstrings left out."""
    for file, tree in read_trees(addons):
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            text = getattr(node, "value", None)
            is_text = isinstance(node, ast.Constant) and isinstance(text, str)
            if is_text and id(node) not in docs:
                yield file, text


def read_trees(addons=ADDONS):
    """Yield ``(file, syntax tree)`` of the code of some addons."""
    for file in sorted(addons.glob("*/**/*.py")):
        if not LEFT_OUT.intersection(file.relative_to(addons).parts):
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def get_inserted(text):
    """Return the tables into which an SQL text inserts rows.

    >>> get_inserted("INSERT INTO crm_lifecycle_history (id) SELECT 1")
    ['crm_lifecycle_history']
    """
    return [table.strip('"') for table in _INSERT.findall(text)]


def get_updated(text):
    """Return the ``[(table, columns)]`` that an SQL text updates; ``%`` if unknown.

    >>> get_updated("UPDATE a AS x SET b = 1, (c, %s) = (2, 3) FROM d WHERE b = 4")
    [('a', {'%', 'b', 'c'})]
    """
    found = []
    for table, changes in _SET.findall(text):
        names = set()
        for left in _get_left_sides(changes):
            names |= {"%"} if _PLACE.search(left) else set()
            names |= set(re.findall(r"\w+", _PLACE.sub("", left)))
        found.append((table.strip('"'), names))
    return found


def _get_left_sides(changes):
    """Return the left sides of ``=`` in a list of changes, else the changes."""
    depth, part, parts = 0, "", []
    for letter in changes:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [part.split("=")[0] for part in [*parts, part]]


def read_foreign_calls(addons=ADDONS):
    """Return ``{(addon, method): addons}`` of calls that need another addon.

    A private method that the addon and its dependencies don't define, and another addon
    of ours does, is missing when the addon is installed without that one.
    """
    calls, definitions = defaultdict(set), defaultdict(set)
    for file, tree in read_trees(addons):
        addon = file.relative_to(addons).parts[0]
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                definitions[addon].add(node.name)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                calls[addon].add(node.func.attr)
    needs = read_dependencies(addons)
    found = {}
    for addon, names in calls.items():
        known = set().union(*(definitions[name] for name in needs[addon]))
        for name in names - known:
            others = [other for other, own in definitions.items() if name in own]
            if others and name.startswith("_"):
                found[addon, name] = others
    return found


def read_dependencies(addons=ADDONS):
    """Return ``{addon: addons}``, the addon itself and all of ours that it needs."""
    direct = {
        path.parent.name: ast.literal_eval(path.read_text())["depends"]
        for path in addons.glob("*/__manifest__.py")
    }

    def collect(addon):
        needs = (collect(name) for name in direct[addon] if name in direct)
        return {addon}.union(*needs)

    return {addon: collect(addon) for addon in direct}
