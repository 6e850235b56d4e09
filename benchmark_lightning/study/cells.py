"""A cell of a sweep: one combination of its axes, with as many seeds as it is given. Imports no torch."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from benchmark_lightning.study.axes import Planned
from benchmark_lightning.study.labels import folder_word
from benchmark_lightning.study.record import Record, trial_key
from benchmark_lightning.study.running import Place

SEED = "seed_everything"


@dataclasses.dataclass(frozen=True, eq=False)
class Cell:
    """All trials of a sweep that differ in nothing but the seed, those of its file and any further ones.

    Args:
        place: where they run.
        planned: the first run of each of its file's trials, in their order; at least one.
        repeats: the further runs that its file asks for.
    """

    place: Place
    planned: tuple[Planned, ...]
    repeats: tuple[Planned, ...] = ()

    @property
    def first(self) -> Planned:
        """The one that says all but the seed."""
        return self.planned[0]

    @cached_property
    def _next_seed(self) -> int | None:
        """The seed after those of the file; None where these are no numbers."""
        seeds = [trial.config.get(SEED) for trial in self.planned]
        numbers = [seed for seed in seeds if isinstance(seed, int) and not isinstance(seed, bool)]
        return max(numbers) + 1 if len(numbers) == len(seeds) else None

    def seeded(self, number: int) -> Planned | None:
        """The trial of a seed: those of the file, in their order, and then the numbers that follow the largest.

        Its key is that of the same trial in a sweep that names the seed, so both share a record.
        """
        if number < len(self.planned):
            return self.planned[number]
        if self._next_seed is None:
            return None
        return self._derived(self._next_seed + number - len(self.planned), 0)

    def repeated(self, number: int) -> Planned:
        """A further run of the first seed."""
        return self._derived(self.first.config.get(SEED), number) if number else self.first

    def _derived(self, seed: Any, repeat: int) -> Planned:
        sweep, first = self.place.sweep, self.first
        values = {**first.values, SEED: seed} if repeat == 0 else first.values
        config = {**first.config, SEED: seed}
        key = trial_key(config, first.data["fingerprint"], repeat)
        words = [
            folder_word(value) for axis, value in first.values.items() if axis != SEED and len(sweep.axes[axis]) > 1
        ]
        name = "-".join([*words, f"s{seed}" if repeat == 0 else f"r{repeat}", key[:6]])
        return dataclasses.replace(
            first,
            name=name,
            key=key,
            arguments=tuple(sweep.arguments(values)),
            values=values,
            repeat=repeat,
            config=config,
        )

    def run(self, number: int, records: Mapping[str, Record], is_timed: bool) -> Planned | None:
        """The trial that is the run of this number, counted from 0; None where no such run tells more.

        What depends on no seed is run once, and again only where its time is asked for. Of a network, all seeds of the file
        are run, as one that diverges says nothing about the next. Further ones, and those of a classical method whose
        failure does not say that it depends on its seed, are wanted only once a run has gone well.

        Args:
            number: of the run.
            records: the best record of each trial, by its key.
            is_timed: whether a time is compared.
        """
        if number == 0:
            return self.first
        known = [records[trial.key] for trial in self.planned if trial.key in records]
        went_well = [record for record in known if record.status == "ok"]
        if not went_well:
            is_seeded = "estimator" not in self.first.config or any(
                one.training.get("depends_on_seed") for one in known
            )
            return self.planned[number] if is_seeded and number < len(self.planned) else None
        if all(record.training.get("depends_on_seed", True) for record in went_well):
            return self.seeded(number)
        return self.repeated(number) if is_timed else None


def cells_of(place: Place, planned: Sequence[Planned]) -> list[Cell]:
    """The cells of a sweep whose trials these are."""
    by_values: dict[str, list[Planned]] = {}
    for trial in planned:
        values = {axis: value for axis, value in trial.values.items() if axis != SEED}
        by_values.setdefault(json.dumps(values, sort_keys=True), []).append(trial)
    return [
        Cell(
            place,
            tuple(trial for trial in trials if trial.repeat == 0),
            tuple(trial for trial in trials if trial.repeat),
        )
        for trials in by_values.values()
    ]
