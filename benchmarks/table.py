"""The table of all rows: for the terminal, and for docs/performance.md."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmark_lightning.report.evidence.formatting import estimate, number
from benchmark_lightning.report.evidence.statistics import median_of
from benchmarks.rows import ACCURACY, Row

BEGIN, END = "<!-- written by make benchmark FULL=1 -->\n", "<!-- end of the table -->\n"


def work_of(item: Row) -> str:
    """The work of a row, with its results besides the time."""
    agreement, reached = item.get("agreement"), item.get("test_accuracy")
    said = "" if agreement is None else f" (predictions agree in {agreement:.2%})"
    return item["work"] + said + ("" if reached is None else f" (reached {reached:.2%})")


def met(item: Row) -> str:
    """Whether the target is met: by the whole interval where there is one, and by the accuracy where one is asked for."""
    if item["target"] is None:
        return ""
    value, low, high = (item["ratio"][name] for name in ("value", "low", "high"))
    if item.get("test_accuracy", 1.0) < ACCURACY or (value if high is None else high) < item["target"]:
        return "no"
    return "yes" if (value if low is None else low) >= item["target"] else "open"


def print_rows(rows: list[Row], machine: str) -> None:
    """The table for people."""
    table = Table(title=f"this package beside others, on {machine}")
    for column in ("work", "ours", "beside", "theirs", "ratio, 95 %", "target", "met"):
        table.add_column(column, justify="left" if column in ("work", "beside") else "right", overflow="fold")
    for item in rows:
        table.add_row(
            work_of(item),
            f"{number(float(np.median(item['ours'])))} {item['unit']}", item["beside"], number(float(np.median(item["theirs"]))),
            estimate(median_of(item["ratios"])), "" if item["target"] is None else f"{item['target']:.2f}x", met(item),
        )  # fmt: skip
    Console(markup=False, highlight=False, width=170).print(table)


def as_markdown(rows: list[Row], environment: dict[str, Any]) -> str:
    """The table for docs/performance.md."""
    versions = environment["versions"]
    lines = [
        f"{environment['machine']}, torch {versions['torch']}, lightning {versions['lightning']}, {environment['code']}. "
        "Medians; ratios are of runs made in turn, the trials of a sweep apart, with a 95 % interval.",
        "",
        "| work | ours | beside | theirs | ratio | target | met |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for item in rows:
        target = "" if item["target"] is None else f"{item['target']:.2f}x"
        values = (f"{number(float(np.median(item[side])))} {item['unit']}" for side in ("ours", "theirs"))
        ours_, theirs = values
        ratio = estimate(median_of(item["ratios"]))
        lines.append(f"| {work_of(item)} | {ours_} | {item['beside']} | {theirs} | {ratio} | {target} | {met(item)} |")
    return "\n".join(lines) + "\n"


def write_table(path: Path, table: str, place: tuple[str, str] = (BEGIN, END)) -> None:
    """Puts the table where the file has its place for it: between two lines."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(place[0])
    _, end, after = rest.partition(place[1])
    if not end:
        raise SystemExit(f"{path} has no place for the table: {place[0].strip()} and {place[1].strip()}")
    path.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")
