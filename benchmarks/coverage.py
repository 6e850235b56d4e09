"""``python -m benchmarks.coverage``: how often the intervals of the report hold the truth, by simulation.

Runs are drawn whose truth is known, and go through the package's own functions. ``--docs docs/statistics.md`` writes the tables
there; ``--short`` draws a tenth, in about a minute; ``--only looks`` makes one of them.
"""

import argparse
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.deciding import curve_of, worth_table
from benchmarks.looking import PAIRS, about_looks, looks_table
from benchmarks.questions import (
    Answers,
    Question,
    about_many,
    about_many_before,
    about_times,
    about_two,
)
from benchmarks.simulation import ACCURACY, World, equal, spread
from benchmarks.table import write_table

NUM_DRAWS = 1200
NUM_SEEDS, SDS, MANY = (1, 2, 3, 5, 10), (0.003, 0.01), 12
CHUNK = 50
PLACES = {
    name: (f"<!-- {name}: written by python -m benchmarks.coverage -->\n", f"<!-- end of {name} -->\n")
    for name in ("coverage", "decisions", "choice", "others", "looks", "worth")
}


class Cell(NamedTuple):
    """The answers of many draws, by their names.

    Args:
        answers: (draws,) each.
    """

    answers: Mapping[str, np.ndarray]

    def share(self, name: str) -> float:
        """The mean over the draws that have an interval; nan where none has."""
        values = self.answers[name]
        return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def ask(question: Question, name: str, first: int, num: int) -> list[Answers]:
    """The answers of some draws, each with a generator of its own."""
    seed = [ord(letter) for letter in name]
    return [question(np.random.default_rng([*seed, position])) for position in range(first, first + num)]


def simulate(questions: Mapping[str, Question], num_draws: int, num_processes: int = 2) -> dict[str, Cell]:
    """All cells, in several processes."""
    with ProcessPoolExecutor(num_processes, initializer=threadpool_limits, initargs=(1,)) as pool:
        parts = {
            name: [
                pool.submit(ask, question, name, first, min(CHUNK, num_draws - first))
                for first in range(0, num_draws, CHUNK)
            ]
            for name, question in questions.items()
        }
        return {name: _cell(row for part in futures for row in part.result()) for name, futures in parts.items()}


def _cell(rows: Iterable[Answers]) -> Cell:
    several = list(rows)
    return Cell({name: np.array([row[name] for row in several]) for name in several[0]})


def questions() -> dict[str, Question]:
    """The question of each cell, by its name."""
    asked: dict[str, Question] = {}
    for n in NUM_SEEDS:
        for sd in SDS:
            asked[f"two {n} {sd}"] = partial(about_two, world=equal(2, n, sd))
            asked[f"many {n} {sd}"] = partial(about_many, world=equal(MANY, n, sd))
            asked[f"before {n} {sd}"] = partial(about_many_before, world=equal(MANY, n, sd))
            asked[f"spread {n} {sd}"] = partial(about_many, world=spread(MANY, n, sd))
    for name, world in others().items():
        asked[name] = partial(about_two, world=world)
    for n in NUM_SEEDS[1:]:
        for is_paired in (True, False):
            asked[f"times {n} {is_paired}"] = partial(about_times, num=n, is_paired=is_paired)
    for sds in PAIRS:
        asked[_looks_at(sds)] = partial(about_looks, sds=sds)
    return asked


def _looks_at(sds: tuple[float, float]) -> str:
    """The name of a cell; that of equal deviations names one of them."""
    return f"looks {' '.join(map(str, dict.fromkeys(sds)))}"


def others() -> dict[str, World]:
    """Cases besides the grid, by their words."""
    mixed = equal(2, 3, 0.003)
    digits = {"num_images": 360, "means": (0.97, 0.97)}
    return {
        "two methods without seeds": mixed._replace(nums=(0, 0)),
        "a method without seeds, a network with 3": mixed._replace(nums=(0, 3)),
        "5 seeds of SD 0.1 and 1.0 points": equal(2, 5, 0.001)._replace(sds=(0.001, 0.01)),
        "3 and 8 seeds, SD 0.3 points": mixed._replace(nums=(3, 8)),
        "3 and 8 seeds, SD 1.0 and 0.3 points": mixed._replace(nums=(3, 8), sds=(0.01, 0.003)),
        "3 seeds, true difference of 2 points": mixed._replace(means=(ACCURACY, ACCURACY - 0.02)),
        "3 seeds, records without outcomes": mixed._replace(has_outcomes=False),
        "10 seeds, records without outcomes": equal(2, 10, 0.003)._replace(has_outcomes=False),
        "360 test images, 3 seeds, SD 0.3 points": equal(2, 3, 0.003)._replace(**digits),
        "360 test images, 10 seeds, SD 0.3 points": equal(2, 10, 0.003)._replace(**digits),
        "360 test images, two methods without seeds": equal(2, 0, 0.0)._replace(**digits),
    }


def percent(share: float, low: float = 0.0, high: float = 1.0) -> str:
    """A share in percent; with a star where it is outside what was promised.

    >>> percent(0.952, 0.93, 0.97), percent(0.99, 0.93, 0.97), percent(float("nan"))
    ('95.2', '99.0*', 'none')
    """
    return "none" if np.isnan(share) else f"{100 * share:.1f}" + "*" * (not low <= share <= high)


covered = partial(percent, low=0.93, high=0.97)
rare = partial(percent, high=0.05)


def width(cell: Cell, name: str) -> str:
    """Half a width compared with that of before."""
    share = cell.share(f"{name} width") / cell.share(f"{name} width before")
    return "none" if np.isnan(share) or share == 0 else f"{share:.2f}"


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---:"] * len(header), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def coverage_table(cells: Mapping[str, Cell]) -> str:
    """Coverage of every kind of interval of an accuracy, over the grid."""
    rows = []
    for n in NUM_SEEDS:
        for sd in SDS:
            two, many = cells[f"two {n} {sd}"], cells[f"many {n} {sd}"]
            rows.append([
                str(n), f"{100 * sd:.1f}",
                *(covered(two.share(name)) for name in ("mean", "difference")),
                *(covered(many.share(name)) for name in ("pairs", "chosen", "lead")),
                *(percent(two.share(name)) for name in ("mean before", "difference before")),
                *(width(two, name) for name in ("mean", "difference")),
            ])  # fmt: skip
    header = [
        "seeds", "SD", "accuracy", "difference", "mean of 6 pairs", "best of 12", "best of 6 against best of 6",
        "accuracy, before", "difference, before", "width of accuracy", "width of difference",
    ]  # fmt: skip
    return _markdown(header, rows)


def decisions_table(cells: Mapping[str, Cell]) -> str:
    """How often a decision is wrong."""
    rows = []
    for n in NUM_SEEDS:
        for sd in SDS:
            two, many, apart = (cells[f"{name} {n} {sd}"] for name in ("two", "many", "spread"))
            rows.append([
                str(n), f"{100 * sd:.1f}", rare(two.share("told apart")), rare(many.share("told apart")),
                percent(cells[f"before {n} {sd}"].share("told apart before")),
                percent(apart.share("best in set"), low=0.95), f"{apart.share('size of set'):.1f}",
                rare(two.share("wrong at border")), rare(many.share("wrong at border")), rare(many.share("any fails")),
                rare(many.share("any as good")),
            ])  # fmt: skip
    header = [
        "seeds", "SD", "2 equal ones found different", "any of 12 equal ones", "any of 12, before",
        "best of 12 in the set", "size of the set", "wrong at the border", "wrong at it, best against best",
        "wrongly fails by any of 11", "any of 11 wrongly as good within the margin",
    ]  # fmt: skip
    return _markdown(header, rows)


def choice_table(cells: Mapping[str, Cell]) -> str:
    """How much the reported accuracy of the best of twelve is too high, in points."""
    rows = [
        [str(n), f"{100 * sd:.1f}", *(
            f"{100 * cells[f'{world} {n} {sd}'].share(name):+.2f}"
            for world in ("many", "spread") for name in ("flattery before", "flattery")
        )]
        for n in NUM_SEEDS for sd in SDS
    ]  # fmt: skip
    header = ["seeds", "SD", "12 equal: its own runs", "halves", "12 over a point: its own runs", "halves"]
    return _markdown(header, rows)


def others_table(cells: Mapping[str, Cell]) -> str:
    """Coverage of the cases besides the grid, and of times."""
    rows = [
        [words, covered(cells[words].share("mean")), covered(cells[words].share("difference")),
         width(cells[words], "difference")]
        for words in others()
    ]  # fmt: skip
    for n in NUM_SEEDS[1:]:
        pairs, apart = (cells[f"times {n} {is_paired}"] for is_paired in (True, False))
        for cell, words in ((pairs, "pairs of times in turn"), (apart, "times that ran apart")):
            share = cell.share("width") / apart.share("width")
            rows.append([
                f"{n} {words}: median and ratio", covered(cell.share("median")), covered(cell.share("ratio")),
                f"{share:.2f}",
            ])  # fmt: skip
    return _markdown(["case", "one side", "comparison", "width of the comparison"], rows).replace(
        "| ---: |", "| --- |", 1
    )


def tables(num_draws: int, wanted: Collection[str] = tuple(PLACES)) -> dict[str, str]:
    """The tables by the names of their places; where only those of looks and worth are wanted, nothing else is simulated."""
    asked = questions() if set(wanted) - {"worth"} else {}
    if not set(wanted) - {"worth", "looks"}:
        asked = {name: question for name, question in asked.items() if name.startswith("looks")}
    cells = simulate(asked, num_draws)
    makers: dict[str, Callable[[], str]] = {
        "coverage": lambda: coverage_table(cells), "decisions": lambda: decisions_table(cells),
        "choice": lambda: choice_table(cells), "others": lambda: others_table(cells),
        "looks": lambda: looks_table({sds: cells[_looks_at(sds)].answers for sds in PAIRS}),
    }  # fmt: skip
    error = 100 * np.sqrt(0.95 * 0.05 / num_draws)
    several = f"{num_draws:,} draws a cell: a share near 95 % is known within {1.96 * error:.1f}."
    made = {name: f"{several}\n\n{maker()}" for name, maker in makers.items() if name in wanted}
    if "worth" in wanted:
        num_studies = max(num_draws // 6, 10)
        studies = simulate({"studies": curve_of}, num_studies)["studies"]
        made["worth"] = f"{num_studies} simulated studies.\n\n{worth_table(studies.answers)}"
    return made


def main() -> None:
    """Simulates, prints the tables and, with ``--docs``, writes them into a file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the draws")
    parser.add_argument("--docs", type=Path, metavar="FILE.md", help="write the tables into this file as well")
    parser.add_argument(
        "--only", nargs="+", choices=PLACES, default=tuple(PLACES), metavar="TABLE", help="some of the tables"
    )
    options = parser.parse_args()
    for name, table in tables(NUM_DRAWS // 10 if options.short else NUM_DRAWS, options.only).items():
        sys.stdout.write(f"{name}\n\n{table}\n")
        if options.docs is not None:
            write_table(options.docs, table, PLACES[name])


if __name__ == "__main__":
    main()
