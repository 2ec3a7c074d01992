"""Print sentences and names drawn at random from our code, beside those of Odoo's crm.

python3 script/lib/sample_prose.py FOLDER_OF_ODOOS_ADDONS [SEED]
"""

import ast
import random
import re
import sys
from pathlib import Path

import check_words

COUNT = 10


def read_sentences(files):
    """Return the sentences of the docstrings of some files, in one line each."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    sentences = []
    for file in sorted(files):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            text = isinstance(node, kinds) and ast.get_docstring(node)
            for part in re.split(r"(?<=[.!?])\s+(?=[A-Z`])", text or ""):
                sentence = " ".join(part.split())
                if 25 < len(sentence) < 180 and sentence.endswith("."):
                    sentences.append(sentence.replace("|", "\\|"))
    return sentences


def read_functions(files):
    """Return the names of the functions of some files."""
    return [
        node.name
        for file in sorted(files)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("test_")
    ]


def list_files(folder):
    """Return the Python files of addons, without tests and migrations."""
    return [
        file
        for file in folder.rglob("*.py")
        if not {"tests", "migrations"} & set(file.parts)
    ]


def main(odoo_addons, seed):
    dice = random.Random(seed)
    ours = list_files(check_words.ROOT / "addons")
    odoo = list_files(Path(odoo_addons) / "crm")
    for read, title in ((read_sentences, "Sentences"), (read_functions, "Names")):
        print(f"\n## {title}\n\n| ours | Odoo's crm |\n|---|---|")
        pairs = zip(
            dice.sample(sorted(set(read(ours))), COUNT),
            dice.sample(sorted(set(read(odoo))), COUNT),
            strict=True,
        )
        for mine, other in pairs:
            if read is read_functions:
                mine, other = f"`{mine}`", f"`{other}`"
            print(f"| {mine} | {other} |")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
