"""Write the results as a Markdown file."""

from pathlib import Path
from statistics import median

# Phases for which a run stores its seconds.
PHASES = ("collect", "refresh", "evaluate", "move")
# Notes on the figures, written by hand.
NOTES = Path(__file__).with_name("notes.md")
RUNS = {
    "build": "full build: profiles and facts from nothing, the ledger there",
    "first_run": "first run of the lifecycle: stages and history",
    "rebuild": "full rebuild, nothing changed",
    "nothing": "nightly, next day, nothing changed",
    "again": "same day again, nothing changed",
    "nightly": "nightly, 1 % of orders changed",
    "same_day": "same day, 1 % of orders changed",
}
READING = {
    "count": 4,
    "group": 4,
    "filter": 3,
    "sort": 3,
    "sort by stage": 3,
    "list": 3,
    "list, filtered": 3,
}
QUERIES = {"opening a contact": 3, "listing 80": 2, "confirming an order": 2}


def write(results):
    """Return the text of the file."""
    steps = {
        name: result
        for name, result in results["steps"].items()
        if result and not (isinstance(result, dict) and "error" in result)
    }
    sections = (
        _write_head(results),
        _write_targets(steps),
        _write_notes(results),
        _write_runs(steps),
        _write_equality(steps),
        _write_alternatives(steps),
        _write_tenth(steps),
        _write_reading(steps),
        _write_cost(steps),
        _write_memory(steps),
        _write_sizes(steps),
        _write_replay(results["steps"]),
        _write_queue(results["steps"]),
        _write_failures(results["steps"]),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _write_notes(results):
    """Return the notes by hand, with the day of the run that they explain."""
    notes = NOTES.read_text(encoding="utf-8").strip()
    written, _newline, text = notes.partition("\n")
    day = written.removeprefix("Date: ")
    if day == results["machine"]["date"]:
        return text.strip()
    return (
        f"The next section was written on {day} about the run of that day, whose "
        f"figures are not those above.\n\n{text.strip()}"
    )


def _table(heads, rows):
    """Return a Markdown table with a column of text and columns of figures."""
    marks = ["---", *(["---:"] * (len(heads) - 1))]
    lines = [heads, marks, *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _cell(value):
    if isinstance(value, float):
        if abs(value) >= 100:
            return f"{value:,.0f}"
        return f"{value:.2f}" if abs(value) >= 0.995 else f"{value:.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else value


def _nights(result):
    """Return the results of a step as a list of nights."""
    return result if isinstance(result, list) else [result]


def _seconds(result):
    return median(night["seconds"] for night in _nights(result))


# ------------------------------------------------------------
# Head
# ------------------------------------------------------------


def _write_head(results):
    machine = results["machine"]
    steps = results["steps"]
    settings = ", ".join(f"{k} {v}" for k, v in machine["settings"].items())
    made = "".join(
        f" {what}, {steps[name]['seconds']:,.0f} s."
        for name, what in (
            ("generate", "Not counted below: generating the rows"),
            ("install", "Not counted below: installing our addons beside them"),
        )
        if name in steps
    )
    again = results.get("again")
    if again:
        made += f" Not from the same run: {', '.join(again)}, measured again later."
    return f"""# Results

{results["customers"]:,} customers and {results["orders"]:,} orders in two companies,
seed {results["seed"]}, measured on {machine["date"]} by

```
bench/run --customers {results["customers"]} --orders {results["orders"]}
```

which writes this file. [README.md](README.md) describes the measurements.

- Machine: {machine["cpu"]}, {machine["cores"]} cores, {machine["memory_gb"]} GB of
  memory; PostgreSQL and Odoo share it.
- PostgreSQL {machine["postgresql"]}: {settings}.
- Load of the machine before the run: {machine["load"]:.1f}.
- Odoo {machine["odoo"]}, Python {machine["python"]}, one process.
-{made}"""


# ------------------------------------------------------------
# Bars
# ------------------------------------------------------------


def _write_targets(steps):
    rows = [
        row
        for part in (
            _targets_of_runs,
            _targets_of_ledger,
            _targets_of_equality,
            _targets_of_alternatives,
            _targets_of_tenth,
            _targets_of_reading,
            _targets_of_cost,
            _targets_of_memory,
            _targets_of_queue,
        )
        for row in part(steps)
    ]
    heads = ("figure", "bar", "measured", "ratio", "")
    return "## Bars\n\n" + _table(heads, rows)


def _target_at_most(figure, bar, measured, ratio, unit):
    verdict = "met" if ratio <= bar else f"**missed** ({ratio / bar:.1f} × the bar)"
    return figure, f"≤ {bar:g} {unit}", measured, ratio, verdict


def _target_at_least(figure, bar, measured, ratio, unit):
    verdict = "met" if ratio >= bar else f"**missed** ({ratio / bar:.2f} × the bar)"
    return figure, f"≥ {bar:g} {unit}", measured, ratio, verdict


def _targets_of_runs(steps):
    if "floor" not in steps:
        return
    floor = steps["floor"]["seconds"]
    yield "floor", "", f"{floor:.2f} s", 1, ""
    for name, label, bar in (
        ("nightly", RUNS["nightly"], 2.5),
        ("again", RUNS["again"], 0.3),
        ("nothing", RUNS["nothing"], 0.5),
        ("sums", "sums of all customers from the ledger, the statement alone", 0.5),
        ("build", RUNS["build"], 10),
        ("first_run", RUNS["first_run"], 20),
        ("replay", "12 monthly steps of replay", 70),
    ):
        if name in steps:
            seconds = _seconds(steps[name])
            ratio = seconds / floor
            yield _target_at_most(label, bar, f"{seconds:.2f} s", ratio, "× floor")


def _targets_of_ledger(steps):
    if "ledger" not in steps:
        return
    found = steps["ledger"]
    yield (
        "ledger from nothing",
        "",
        f"{found['seconds']:.2f} s",
        found["seconds"] / steps["floor"]["seconds"] if "floor" in steps else "",
        "",
    )
    measured = (
        f"{found['bytes'] / 2**20:,.0f} MB against {found['order_bytes'] / 2**20:,.0f}"
    )
    yield _target_at_most(
        "ledger on disk, with all indexes of both tables",
        0.6,
        measured,
        found["bytes"] / found["order_bytes"],
        "× sale_order",
    )


def _targets_of_equality(steps):
    if "equality" in steps:
        differs = sum(
            count
            for name, count in steps["equality"].items()
            if name.endswith(("differs", "differ"))
        )
        verdict = "met" if not differs else "**missed**"
        yield "nightly path against full builds", "0 rows differ", differs, "", verdict


def _per_customer(steps):
    """Return the milliseconds of a nightly run per customer."""
    return 1000 * _seconds(steps["nightly"]) / steps["nightly"][-1]["profiles"]


def _targets_of_alternatives(steps):
    if not {"nightly", "alternatives"} <= steps.keys():
        return
    ours = _per_customer(steps)
    for name, label, bar in (
        ("loop", "against the per-record loop, per customer, nightly", 250),
        ("batched", "against the batched loop, per customer, nightly", 22),
    ):
        found = steps["alternatives"][name]
        theirs = 1000 * found["nightly"] / found["customers"]
        measured = f"{ours:.4f} ms against {theirs:.3f} ms"
        yield _target_at_least(label, bar, measured, theirs / ours, "× faster")


def _targets_of_tenth(steps):
    if "tenth" not in steps:
        return
    for name, label in (
        ("nightly", "ten times the customers, same number of changes, a day passes"),
        ("same_day", "ten times the customers, same number of changes, same day"),
    ):
        if name in steps:
            large, small = _seconds(steps[name]), _seconds(steps["tenth"][name])
            measured = f"{large:.2f} s against {small:.2f} s"
            yield _target_at_most(label, 1.8, measured, large / small, "× the time")


def _targets_of_reading(steps):
    for name, pair in steps.get("reading", {}).get("pairs", {}).items():
        measured = f"{1000 * pair['stage']:.0f} ms against {1000 * pair['country']:.0f}"
        ratio = pair["stage"] / pair["country"]
        label = f"contacts by stage: {name}"
        yield _target_at_most(label, READING[name], measured, ratio, "× by country")


def _targets_of_cost(steps):
    if "cost" not in steps:
        return
    for name, bar in QUERIES.items():
        before, after = (
            steps["cost"][side][name]["queries"] for side in ("without", "with")
        )
        measured = f"{after} against {before}"
        yield _target_at_most(name, bar, measured, after - before, "more queries")


def _get_memory(steps):
    """Return ``{step: memory}`` of all steps with a run."""
    return {
        name: max((night["memory"] for night in _nights(steps[name])), key=_over)
        for name in (*RUNS, "replay")
        if name in steps
    }


def _over(memory):
    return memory["over"]


def _targets_of_memory(steps):
    memory = _get_memory(steps)
    if memory:
        most = max(memory.values(), key=_over)
        measured = f"{most['peak']} MB, idle {most['idle']} MB"
        yield _target_at_most(
            "memory of the Odoo process during a run", 300, measured, most["over"], "MB"
        )


def _targets_of_queue(steps):
    if "queue" not in steps:
        return
    found = steps["queue"]
    measured = f"{found['two']:.1f} s against {found['one']:.1f} s"
    yield _target_at_most(
        f"two Odoo processes with the queue ({found['differs']} rows differ)",
        0.7,
        measured,
        found["two"] / found["one"],
        "× one",
    )


# ------------------------------------------------------------
# Details
# ------------------------------------------------------------


def _write_runs(steps):
    if "floor" not in steps:
        return ""
    floor = steps["floor"]
    rows = [
        ("floor", floor["seconds"], 1.0, floor["rows"], floor["groups"], None, None)
    ]
    for name, label in RUNS.items():
        for night in _nights(steps.get(name, [])):
            phases = [night[f"{phase}_seconds"] for phase in PHASES]
            rows.append(
                (
                    label,
                    night["seconds"],
                    night["seconds"] / floor["seconds"],
                    night.get("changed", {}).get("changed"),
                    night["profile_count"],
                    night["refreshed_count"],
                    night["moved_count"],
                    *phases,
                    night["seconds"] - sum(phases),
                )
            )
    rows[0] = (*rows[0], *(None for _column in (*PHASES, "other")))
    heads = (
        "run",
        "s",
        "× floor",
        "orders",
        "customers seen",
        "refreshed",
        "moves",
        *(f"{phase} s" for phase in PHASES),
        "other s",
    )
    return (
        "## Runs\n\nBoth companies, one after the other. For the floor, *customers "
        "seen* are its groups. The table above has the median of several nights. "
        "*Other* is the time between the phases of a run: commits, statistics, its own "
        "record."
        "\n\n"
        + _table(heads, rows)
        + "\n\nPlan of the floor: "
        + " ".join(f"`{line.strip()}`" for line in floor["plan"])
    )


def _write_equality(steps):
    if "equality" not in steps:
        return ""
    found = steps["equality"]
    rows = [
        ("facts, stages and dates against a full rebuild", found["rebuild_differs"]),
        ("tags against a full rebuild", found["tags_differ"]),
        ("facts against a full build from nothing", found["nothing_differs"]),
    ]
    return (
        f"## Equality\n\nThe {found['profiles']:,} profiles after the nights above, "
        "compared row by row.\n\n" + _table(("compared", "rows that differ"), rows)
    )


def _write_alternatives(steps):
    if "alternatives" not in steps:
        return ""
    rows = [
        (
            label,
            found["customers"],
            1000 * found["nightly"] / found["customers"],
            1000 * found["first"] / found["customers"],
            found["nightly"] / found["customers"] * 1_000_000 / 60,
            found["differs"],
        )
        for label, found in (
            ("one customer after the other", steps["alternatives"]["loop"]),
            ("batches of 1,000", steps["alternatives"]["batched"]),
        )
    ]
    heads = (
        "loop",
        "customers",
        "ms each, nightly",
        "ms each, all to write",
        "minutes per million, nightly",
        "other stage than ours",
    )
    return "## Loops over customers\n\n" + _table(heads, rows)


def _write_tenth(steps):
    if "tenth" not in steps:
        return ""
    tenth = steps["tenth"]
    rows = []
    for name, label in RUNS.items():
        if name in tenth and name in steps:
            large, small = _seconds(steps[name]), _seconds(tenth[name])
            rows.append((label, large, small, large / small))
    heads = ("run", "s", f"s with {tenth['customers']:,} customers", "ratio")
    return (
        "## Ten times the customers\n\nThe nights have the same number of changed "
        "orders in both databases, which is 10 % of the orders of the smaller one.\n\n"
        + _table(heads, rows)
    )


def _write_reading(steps):
    if "reading" not in steps:
        return ""
    rows = [
        (
            name,
            1000 * pair["stage"],
            1000 * pair["country"],
            pair["stage"] / pair["country"],
        )
        for name, pair in steps["reading"]["pairs"].items()
    ]
    values = [
        (value["stage"], value["rows"]["stage"], value["country"], found)
        for value in steps["reading"]["values"]
        for found in [value["rows"]["country"]]
    ]
    return (
        "## Contacts by stage and by country\n\nAs a salesperson, best of five. "
        "*count* and *filter* query each of these in turn:\n\n"
        + _table(("stage", "contacts", "country", "contacts"), values)
        + "\n\n"
        + _table(("question", "ms by stage", "ms by country", "ratio"), rows)
    )


def _write_cost(steps):
    if "cost" not in steps:
        return ""
    rows = []
    for name, after in steps["cost"]["with"].items():
        before = steps["cost"]["without"][name]
        rows.append(
            (
                name,
                before["queries"],
                after["queries"],
                after["queries"] - before["queries"],
                1000 * before["seconds"],
                1000 * after["seconds"],
                1000 * (after["seconds"] - before["seconds"]),
            )
        )
    heads = ("work", "queries", "with us", "more", "ms", "with us", "more")
    return (
        "## Everyday work\n\nAs a salesperson, warm, on the same rows with and without "
        "our addons; median of twenty.\n\n" + _table(heads, rows)
    )


def _write_memory(steps):
    rows = [
        (RUNS.get(name, name), memory["idle"], memory["peak"], memory["over"])
        for name, memory in _get_memory(steps).items()
    ]
    if not rows:
        return ""
    return "## Memory of the Odoo process\n\n" + _table(
        ("run", "idle MB", "peak MB", "over idle MB"), rows
    )


def _write_sizes(steps):
    if "sizes" not in steps:
        return ""
    tables = steps["sizes"]["tables"]
    orders = next(item for item in tables if item["table"] == "sale_order")
    ours = [item for item in tables if item is not orders]
    shown = [item for item in ours if item["heap"] + item["indexes"] >= 1]
    total = {
        "table": "all of ours",
        **{name: sum(item[name] for item in ours) for name in ("heap", "indexes")},
        "rows": sum(item["rows"] for item in ours),
    }
    whole = orders["heap"] + orders["indexes"]
    rows = [
        (
            item["table"],
            item["rows"],
            item["heap"],
            item["indexes"],
            (item["heap"] + item["indexes"]) / whole,
        )
        for item in (orders, *shown, total)
    ]
    foreign = [
        (item["index"], item["table"], f"{item['size']:.2f}")
        for item in steps["sizes"]["foreign_indexes"]
    ]
    text = "## Size on disk\n\n" + _table(
        ("table", "rows", "MB", "MB of indexes", "× sale_order"), rows
    )
    if foreign:
        text += "\n\n" + _table(("our index", "on the table", "MB"), foreign)
    return text


def _write_replay(steps):
    if "replay" not in steps:
        return ""
    found = steps["replay"]
    text = "## Replay\n\n"
    if not found:
        return text + "Not measured: there is no method for it."
    if "error" in found:
        return ""
    return text + _table(
        ("months", "s", "customers", "moves", "over idle MB"),
        [
            (
                found["steps"],
                found["seconds"],
                found["profiles"],
                found["history"],
                found["memory"]["over"],
            )
        ],
    )


def _write_queue(steps):
    if "queue" not in steps:
        return ""
    found = steps["queue"]
    text = "## Two Odoo processes with the queue\n\n"
    if not found:
        return text + "Not measured: the queue is not there."
    if "error" in found:
        return ""
    table = _table(
        ("one process, s", "two, s", "ratio", "rows that differ"),
        [(found["one"], found["two"], found["two"] / found["one"], found["differs"])],
    )
    return "\n\n".join(filter(None, [text.strip(), found.get("note"), table]))


def _write_failures(steps):
    rows = [
        (name, result["error"])
        for name, result in steps.items()
        if isinstance(result, dict) and "error" in result
    ]
    if not rows:
        return ""
    return "## Failed\n\n" + _table(("step", "error"), rows)
