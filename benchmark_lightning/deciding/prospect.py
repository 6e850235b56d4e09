"""A study before it runs: its sweeps with what they have done, their cells, and what each claim needs of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmark_lightning.deciding.needs import Need, needs_of
from benchmark_lightning.report.claims.definition import read_claims
from benchmark_lightning.report.evidence.questions import Questions
from benchmark_lightning.study.axes import Planned, Sweep
from benchmark_lightning.study.cells import Cell, cells_of
from benchmark_lightning.study.completed import Completed
from benchmark_lightning.study.record import Record
from benchmark_lightning.study.running import Place


class Prospect(NamedTuple):
    """The trials that a study may run.

    Args:
        folder: of its records.
        questions: of its file.
        places: of its sweeps.
        cells: of all of them.
        needs: of each claim, in their order.
    """

    folder: Path
    questions: Questions
    places: list[Place]
    cells: list[Cell]
    needs: list[Need]

    @property
    def records(self) -> Mapping[str, Record]:
        """The best record of each trial in its sweep, by its key."""
        return {key: record for place in self.places for key, record in place.completed.records.items()}


def prospect(questions: Questions, folder: Path, planned: Sequence[tuple[Sweep, Sequence[Planned]]]) -> Prospect:
    """Reads what a study has done.

    Args:
        folder: of its records, one in it for each sweep.
        planned: the trials of each sweep.
    """
    peaks: dict[str, Any] = {}  # of the machine: the same for all
    places, cells = [], []
    for sweep, trials in planned:
        own = folder / sweep.path.stem
        place = Place(sweep, own, Completed(own), peaks)
        places.append(place)
        cells += cells_of(place, trials)
    return Prospect(folder, questions, places, cells, needs_of(read_claims(questions), cells))
