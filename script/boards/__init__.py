"""The dashboards of the addons, told in Python and kept as JSON in the addons.

python3 script/boards            writes the files
python3 script/boards --check    tells which are not what they would be
"""

from . import lifecycle, loyalty, satisfaction, service

BOARDS = (*lifecycle.BOARDS, *loyalty.BOARDS, *service.BOARDS, *satisfaction.BOARDS)


def get_files():
    """Return ``{path from the root of the repository: text}`` of all boards."""
    files = {}
    for board in BOARDS:
        files |= board.get_files()
    return files
