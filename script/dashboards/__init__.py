"""The dashboards of the addons, defined in Python and stored as JSON in the addons.

python3 script/dashboards            write the files
python3 script/dashboards --check    list the files that are out of date
"""

from . import lifecycle, loyalty, satisfaction, service

DASHBOARDS = (
    *lifecycle.DASHBOARDS,
    *loyalty.DASHBOARDS,
    *service.DASHBOARDS,
    *satisfaction.DASHBOARDS,
)


def get_files():
    """Return ``{path in the repository: text}`` of all dashboards."""
    files = {}
    for dashboard in DASHBOARDS:
        files |= dashboard.get_files()
    return files
