"""Run a step in `odoo shell`, which reads this file as its input."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ["BENCH_ROOT"])

from bench.steps import STEPS

Path(os.environ["BENCH_RESULT"]).write_text(
    json.dumps(
        STEPS[os.environ["BENCH_STEP"]](
            globals()["env"], **json.loads(os.environ["BENCH_PARAMETERS"])
        ),
        default=str,
    )
)
