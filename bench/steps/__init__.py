"""Steps of the benchmark, each of which runs in its own Odoo process.

A step is a function with ``env`` and keyword arguments, which returns a result that can
be written as JSON.
"""

from .alternatives import measure_alternatives
from .changes import change_orders
from .cost import measure_cost
from .equality import compare_with_full_build
from .floor import measure_floor
from .ledger import measure_ledger, measure_sums
from .people import create_people
from .prepare import activate_lifecycles, generate_rows, prepare_addons
from .reading import measure_reading
from .runs import measure_replay, measure_run
from .screens import describe_screens
from .sizes import measure_sizes

STEPS = {
    "activate": activate_lifecycles,
    "alternatives": measure_alternatives,
    "change": change_orders,
    "cost": measure_cost,
    "equality": compare_with_full_build,
    "floor": measure_floor,
    "generate": generate_rows,
    "ledger": measure_ledger,
    "people": create_people,
    "prepare": prepare_addons,
    "reading": measure_reading,
    "replay": measure_replay,
    "run": measure_run,
    "screens": describe_screens,
    "sizes": measure_sizes,
    "sums": measure_sums,
}
