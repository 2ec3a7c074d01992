"""Count words that Odoo's documentation avoids, in docstrings, comments and documents.

Each may occur twice in 10,000 words. ``--list`` prints their places.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_PER_10000 = 2  # in 10,000 words
# Words, with the forms that count as each of them.
WORDS = {
    "whoever": ("whoever", "whomever"),
    "whose": ("whose",),
    "whom": ("whom",),
    "tell": ("tell", "tells", "telling"),
    "told": ("told",),
    "nobody": ("nobody",),
    "somebody": ("somebody", "someone else's"),
    "anew": ("anew",),
}
FORMS = {form: word for word, forms in WORDS.items() for form in forms}
MARKS = {
    ".js": r"/\*.*?\*/|(?<!:)//[^\n]*",
    ".scss": r"/\*.*?\*/|(?<!:)//[^\n]*",
    ".xml": r"<!--.*?-->",
    ".sh": r"(?m)(?:^|\s)#[^\n]*",
    ".cfg": r"(?m)^\s*[#;][^\n]*",
    ".toml": r"(?m)^\s*#[^\n]*",
}


def read_files():
    """Yield the files of the repository to count."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, check=True
    ).stdout
    for name in listed.decode().split("\0"):
        file = ROOT / name
        if (
            name
            and file.is_file()
            and "zh_CN" not in name
            and "/static/lib/" not in name
        ):
            yield file


def read_texts(file):
    """Return the prose of a file as ``(line, text)`` pairs."""
    if file.suffix == ".md":
        return [(1, file.read_text(encoding="utf-8"))]
    if file.suffix == ".py":
        return _read_python(file.read_text(encoding="utf-8"))
    pattern = MARKS.get(file.suffix)
    if file.suffix == "" and file.parent.name in ("script", "bench", ".ci"):
        pattern = MARKS[".sh"]
    if not pattern:
        return []
    text = file.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, found.start()) + 1, found.group())
        for found in re.finditer(pattern, text, re.DOTALL)
    ]


def _read_python(source):
    texts = [
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, kinds) and ast.get_docstring(node):
            texts.append((node.body[0].lineno, node.body[0].value.value))
    return texts


def count(files):
    """Return the total number of words, and ``{word: places}``."""
    total, places = 0, defaultdict(list)
    for file in files:
        for line, text in read_texts(file):
            for found in re.finditer(r"[A-Za-z][A-Za-z'’-]*", text):
                total += 1
                word = FORMS.get(found.group().lower())
                if word:
                    number = line + text.count("\n", 0, found.start())
                    places[word].append(f"{file.relative_to(ROOT)}:{number}")
    return total, places


def main():
    total, places = count(read_files())
    failed = False
    for word in WORDS:
        share = len(places[word]) * 10_000 / total
        if "--list" in sys.argv:
            print(
                f"{word}: {len(places[word])} in {total} words, {share:.1f} in 10,000"
            )
            print("".join(f"    {place}\n" for place in places[word]), end="")
        elif share > MAX_PER_10000:
            failed = True
            print(f"{word}: {share:.1f} in 10,000 words, more than {MAX_PER_10000}:")
            print("".join(f"    {place}\n" for place in places[word]), end="")
    return failed


if __name__ == "__main__":
    sys.exit(main())
