"""Needs of a claim: the cells of its study's sweeps that its comparisons are about."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmark_lightning.report.claims.definition import OF_MACHINES, Comparison, Definition
from benchmark_lightning.report.claims.measures import TIMED
from benchmark_lightning.report.evidence.selection import matches
from benchmark_lightning.report.evidence.settings import flat, model_name
from benchmark_lightning.study.axes import Planned
from benchmark_lightning.study.cells import Cell

SPEEDUP = "speedup"


class Need(NamedTuple):
    """A claim and the cells that it takes to judge it.

    Args:
        claim: as the study defines it.
        cells: in the order of the sweeps.
        timed: those among them of which a time is compared.
    """

    claim: Definition
    cells: tuple[Cell, ...]
    timed: frozenset[Cell]

    @property
    def is_of_pairs(self) -> bool:
        """Whether all configurations of a side count, and not its best alone."""
        return any(comparison.pair == "alike" for comparison in self.claim.comparisons)


def describe(trial: Planned) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration of a trial to come, flat, and its values of ``selection.COLUMNS`` as far as they are known."""
    config = flat(trial.config)
    told = {key: trial.data.get(key) for key in ("split", "num_train", "train_fraction")}
    return config, told | {"dataset": trial.data.get("name"), "kind": trial.kind, "model": model_name(config)}


def needs_of(claims: Sequence[Definition], cells: Sequence[Cell]) -> list[Need]:
    """The needs of each claim, in their order."""
    needs = []
    for claim in claims:
        wanted: set[Cell] = set()
        timed: set[Cell] = set()
        for comparison in claim.comparisons:
            found = _meant(claim, cells) if comparison.python is not None else _compared(comparison, cells)
            wanted |= found
            if comparison.measure in (*TIMED, SPEEDUP):
                timed |= found
        needs.append(Need(claim, tuple(cell for cell in cells if cell in wanted), frozenset(timed)))
    return needs


def _meant(claim: Definition, cells: Sequence[Cell]) -> set[Cell]:
    """For a function, the sweeps that the claim names; all where it names none of this study."""
    names = {Path(name).stem for name in claim.needs.partition(";")[0].split()}
    return {cell for cell in cells if cell.place.sweep.path.stem in names} or set(cells)


def _compared(comparison: Comparison, cells: Sequence[Cell]) -> set[Cell]:
    """The cells on either side. Where one side cannot run here, nothing can be compared, and the other need not run."""
    among = [cell for cell in cells if _can_match(comparison.where, cell)]
    taken = {cell for cell in among if _can_match(comparison.take, cell)}
    sides = [taken]
    if isinstance(comparison.against, Mapping):
        sides.append({cell for cell in among if _can_match(comparison.against, cell)})
    elif comparison.against is not None:
        sides.append(set(among) - taken)
    if comparison.measure == SPEEDUP:  # each side is compared with the CPU
        sides.append({cell for cell in set().union(*sides) if _accelerator(cell.first) != "cpu"})
    both = set().union(*sides)
    if all(any(cell.first.skip_reason is None for cell in side) for side in sides):
        return both
    return {cell for cell in both if cell.first.skip_reason is not None}


def _can_match(selector: Mapping[str, Any], cell: Cell) -> bool:
    """Whether a cell may be meant; what is known only when it has run may be."""
    config, columns = describe(cell.first)
    known = {key: wanted for key, wanted in selector.items() if key not in OF_MACHINES}
    return matches(known, config, columns)


def _accelerator(trial: Planned) -> str:
    """Of a trial to come, as far as its configuration says it; a classical method runs on the CPU."""
    return str(flat(trial.config).get("trainer.accelerator", "cpu"))
