"""Every message of the given .po files is translated, and none is a guess."""

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
