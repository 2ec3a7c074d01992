"""The dashboards of the addons, defined in Python and stored as JSON in the addons.

python3 script/boards            write the files
python3 script/boards --check    list the files that are out of date
"""

from . import lifecycle, loyalty, satisfaction, service

BOARDS = (*lifecycle.BOARDS, *loyalty.BOARDS, *service.BOARDS, *satisfaction.BOARDS)


def get_files():
    """Return ``{path in the repository: text}`` of all boards."""
    files = {}
    for board in BOARDS:
        files |= board.get_files()
    return files
