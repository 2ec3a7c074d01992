"""Command line of the benchmark; bench/run sets up the environment and starts it."""

import argparse
import sys
from pathlib import Path

from . import plan, report
from .driver import Driver


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).parent / "RESULTS.md",
        help="the Markdown file to write",
    )
    parser.add_argument(
        "--only",
        default="",
        metavar="STEP,STEP",
        help="measure these steps alone, on the database of an earlier run with "
        f"--keep, and keep its other results; of: {', '.join(plan.STEPS)}",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="use the databases that are there, and leave them",
    )
    arguments = parser.parse_args()
    only = [name for name in arguments.only.split(",") if name]
    unknown = set(only) - set(plan.STEPS)
    if unknown:
        parser.error(f"no such step: {', '.join(sorted(unknown))}")
    if only and not arguments.keep:
        parser.error("--only needs the databases of an earlier run: add --keep")
    arguments.only = only
    return arguments


def main():
    arguments = parse_arguments()
    driver = Driver(
        arguments.customers, arguments.orders, arguments.seed, arguments.keep
    )
    try:
        plan.measure(driver, arguments.only)
    finally:
        if driver.results.get("steps"):
            arguments.output.write_text(report.write(driver.results), encoding="utf-8")
            print(f"\nWritten: {arguments.output}")
        driver.clean_up()
    return 1 if driver.failed else 0


sys.exit(main())
