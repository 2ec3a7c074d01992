"""Check that all messages of the given .po files are translated and none is fuzzy."""

import sys

import polib


def main(paths):
    mistakes = 0
    for path in paths:
        for entry in polib.pofile(path):
            if entry.obsolete:
                continue
            problem = None
            if entry.fuzzy:
                problem = "fuzzy"
            elif not entry.translated():
                problem = "not translated"
            if problem:
                mistakes += 1
                print(f"{path}:{entry.linenum}: {problem}: {entry.msgid[:60]!r}")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
