"""Names in the code checked against docs/GLOSSARY.md.

No name has a word that was given up, and a word with one meaning stands only where that
meaning is at home. ``--list`` prints each name with its place.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "GLOSSARY.md"
# Where a word of one meaning may stand in a name, as patterns of paths.
HOMES = {
    "step": (
        r"playbook|_(survey|visit|webhook|risk)/|personal_data|erasure|run_void|timeline",
        # The name of what a task or a run is doing now; a stage counts failed steps.
        r"base_background_task|crm_lifecycle_(background|execution|run|stage)\.py|session",
        # A page of a wizard, a unit of a replay, a step of a scale.
        r"wizard|replay|rebuild|formatter|svg",
    ),
    "visit": (r"crm_lifecycle_visit/",),
}
# Names that Odoo gives, or that stored data have; with the reason.
KEPT = {}


def read_given_up():
    """Return the words of the second table of the glossary."""
    text = GLOSSARY.read_text(encoding="utf-8").split("## Words given up")[1]
    rows = re.findall(r"^\| ([a-z, ]+) \|", text, re.MULTILINE)
    words = {word.strip() for row in rows for word in row.split(",")}
    return words - {"word"}


def read_names():
    """Yield each ``(file, line, name)`` that the Python code defines."""
    files = (*ROOT.glob("addons/**/*.py"), *ROOT.glob("script/**/*.py"))
    for file in sorted(files):
        if {"tests", "migrations"} & set(file.parts) or file.name == "renames.py":
            continue
        yield file, 1, file.stem
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield file, node.lineno, node.name
            elif isinstance(node, ast.arg):
                yield file, node.lineno, node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield file, node.lineno, node.id
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield file, node.lineno, node.attr


def split(name):
    """Return the words of a name in either case, in the singular too."""
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)}
    return words | {word.rstrip("s") for word in words}


def find_wrong():
    """Return a line for each name that the glossary doesn't allow."""
    given_up = read_given_up()
    lines = []
    for file, line, name in read_names():
        place = str(file.relative_to(ROOT))
        words = split(name)
        wrong = (words & given_up) - KEPT.get(name, set())
        wrong |= {
            word
            for word in words & HOMES.keys()
            if not any(re.search(home, place) for home in HOMES[word])
            and name not in KEPT
        }
        lines += [f"{place}:{line}: {name}: {word}" for word in sorted(wrong)]
    return sorted(set(lines))


if __name__ == "__main__":
    found = find_wrong()
    print("\n".join(found))
    sys.exit(bool(found))
