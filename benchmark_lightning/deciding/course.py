"""The course of a study until it is decided: look after look, from the records alone, so that it goes on wherever it was stopped.

Whatever a look decides is decided by what was run for it and for earlier ones. So a study that was killed comes to the same
decisions when it starts again, finds their trials done, and goes on where it was.
"""

import dataclasses
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from benchmark_lightning.deciding.allotment import allotment, is_within_reach, open_findings
from benchmark_lightning.deciding.costs import Wanted
from benchmark_lightning.deciding.needs import Need
from benchmark_lightning.deciding.prospect import Prospect
from benchmark_lightning.report.claims.judging import check_claims, judged
from benchmark_lightning.report.claims.verdicts import Claim
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.study.axes import Planned
from benchmark_lightning.study.budget import Budget
from benchmark_lightning.study.cells import Cell
from benchmark_lightning.study.display import Display
from benchmark_lightning.study.executors import run_job
from benchmark_lightning.study.preparation import prepare
from benchmark_lightning.study.record import Record
from benchmark_lightning.study.running import WORKER, Place, Runner, can_measure
from benchmark_lightning.study.trials.kinds import KINDS


@dataclasses.dataclass(frozen=True)
class Way:
    """How a study is run.

    Args:
        file: of the study.
        num_jobs: trials at a time.
        retry_failed: whether to run failed trials again, once.
        repeat_contended: how often to run a trial again whose times others have disturbed.
    """

    file: Path
    num_jobs: int = 1
    retry_failed: bool = False
    repeat_contended: int = 0


@dataclasses.dataclass(frozen=True)
class Look:
    """The state of the claims after a look.

    Args:
        number: from 0.
        claims: as judged.
        evidence: that judged them.
        num_run: trials that were run for it now; 0 where all had been.
    """

    number: int
    claims: list[Claim]
    evidence: Evidence
    num_run: int


class Course:
    """Runs what the looks of a study ask for.

    Args:
        study: what may run.
        way: how.
        budget: the time that is left.

    Attributes:
        incomplete: the number of the look that was stopped, if one was.
    """

    def __init__(self, study: Prospect, way: Way, budget: Budget) -> None:
        self._study, self._way, self.budget = study, way, budget
        self._looks = study.questions.looks
        self.records: Mapping[str, Record] = ChainMap(*(place.completed.records for place in study.places))
        self.wanted: dict[str, Wanted] = {}
        self.is_interrupted = False
        self.incomplete: int | None = None
        self._begun: set[str] = set()
        self._timed: dict[str, Wanted] = {}
        self._is_busy = False

    def looks(self) -> Iterator[Look]:
        """Each look once all of its trials have run; the last one is where all is decided, or nothing more can be done.

        A look that a person or the budget has stopped is none: the levels of the intervals are those of whole looks. Then
        ``incomplete`` is its number.
        """
        allotted = [(need, dict.fromkeys(need.cells, self._looks[0])) for need in self._study.needs]
        for number in range(len(self._looks)):
            before = len(self._begun)
            self._run(allotted, number)
            if self.is_interrupted or self.budget.is_short:
                self.incomplete = number
            if self.incomplete is not None or not self.records:
                return
            evidence = Evidence.of(self._study.folder, study=self._way.file, max_look=number)
            look = Look(number, check_claims(evidence), judged(evidence), len(self._begun) - before)
            yield look
            if number + 1 == len(self._looks):
                return
            allotted = self._next(look)
            if not allotted:
                return

    def _next(self, look: Look) -> list[tuple[Need, dict[Cell, int]]]:
        """The runs of each claim at the next look, for those that it may decide."""
        coming, most = self._looks[look.number + 1], self._looks[-1]
        by_configuration = self.by_configuration(look.evidence)
        return [
            (need, allotment(claim, need, look.evidence, by_configuration, (coming, most)))
            for claim, need in zip(look.claims, self._study.needs, strict=True)
            if open_findings(claim) and is_within_reach(claim, most)
        ]

    def by_configuration(self, evidence: Evidence) -> dict[str, list[Cell]]:
        """The cells of each configuration, by its id."""
        found: dict[str, list[Cell]] = {}
        for key, configuration in evidence.table[["key", "configuration"]].itertuples(index=False):
            for cell in self._by_key.get(key, ()):
                if cell not in found.setdefault(configuration, []):
                    found[configuration].append(cell)
        return found

    @cached_property
    def _by_key(self) -> dict[str, list[Cell]]:
        """The cells by the keys of all trials that they may have."""
        found: dict[str, list[Cell]] = {}
        for cell in self._study.cells:
            for number in range(self._looks[-1]):
                trials = {trial.key for trial in (cell.seeded(number), cell.repeated(number)) if trial is not None}
                for key in trials:
                    found.setdefault(key, []).append(cell)
        return found

    def _run(self, allotted: Sequence[tuple[Need, dict[Cell, int]]], look: int) -> None:
        """Runs what is not done, the claims that cost least first; of each all cells once, then all again."""
        for need, runs in sorted(allotted, key=lambda one: self._expected(one[0], one[1], look)):
            further = range(1, max(runs.values(), default=0))
            for numbers in (range(1), further, further):  # the first tell what depends on a seed, or else the second
                if not self.is_interrupted:
                    self._run_batch(need, self._missing(need, runs, numbers, look))
        if self._way.num_jobs == 1:
            self._repeat_contended()

    def _expected(self, need: Need, runs: Mapping[Cell, int], look: int) -> float:
        """Seconds that a claim will take until the look, as far as they are known."""
        missing = self._missing(need, runs, range(max(runs.values(), default=0)), look)
        return sum(place.known_seconds(trial) or 0.0 for place, trial in missing)

    def _missing(self, need: Need, runs: Mapping[Cell, int], numbers: Iterable[int], look: int) -> list[Wanted]:
        """The trials that have no record yet."""
        missing: dict[str, Wanted] = {}
        for number in numbers:
            for cell, num in runs.items():
                trial = cell.run(number, self.records, cell in need.timed) if number < num else None
                if trial is not None:
                    wanted = cell.place, dataclasses.replace(trial, look=look)
                    self.wanted.setdefault(trial.key, wanted)
                    if cell in need.timed:
                        self._timed.setdefault(trial.key, wanted)
                    if not self._is_done(trial.key):
                        missing.setdefault(trial.key, wanted)
        return list(missing.values())

    def _is_done(self, key: str) -> bool:
        return key in self._begun or any(
            place.completed.is_done(key, self._way.retry_failed) for place in self._study.places
        )

    def _run_batch(self, need: Need, trials: Sequence[Wanted]) -> None:
        if not trials:
            return
        display = self._display(need.claim.name, trials)
        try:
            self._prepare(trials, display)
            self.is_interrupted = Runner(display, self._way.num_jobs).all(self._affordable(trials))
        finally:
            display.close()

    def _display(self, name: str, trials: Sequence[Wanted]) -> Display:
        estimates = {trial.name: place.known_seconds(trial) for place, trial in trials if trial.skip_reason is None}
        return Display(name, len(trials), 0, estimates, self._way.num_jobs)

    def _prepare(self, trials: Sequence[Wanted], display: Display) -> None:
        """Measures what trials need to know of this machine, once."""
        for place in {place.folder: place for place, _ in trials}.values():
            own = [trial for where, trial in trials if where is place and trial.skip_reason is None]
            kind = KINDS[place.sweep.trial]
            if own:
                asked = dataclasses.replace(kind, needs_peaks=kind.needs_peaks and not place.peaks)
                place.peaks.update(prepare(asked, own, self._way.num_jobs, display.note))

    def _affordable(self, trials: Iterable[Wanted]) -> Iterator[Wanted]:
        """Those for which there is time left when it is their turn."""
        for place, trial in trials:
            if trial.skip_reason is not None or self.budget.allows(self._seconds(place, trial)):
                self._begun.add(trial.key)
                yield place, trial

    def _seconds(self, place: Place, trial: Planned) -> float | None:
        """Seconds that a trial will take, probed where there is a budget and no record tells them."""
        known = place.known_seconds(trial)
        if known is None and self.budget.is_limited and self.budget.left > 0:
            known = run_job(f"{WORKER}:estimate", {"kind": trial.kind, "arguments": trial.arguments})
            if known is not None:
                place.completed.learn_seconds(trial, known)
        return known

    def _repeat_contended(self) -> None:
        """Runs trials again whose times are compared and others have disturbed, once the processor is free."""
        for _ in range(self._way.repeat_contended):
            again = [
                (place, trial)
                for place in self._study.places
                for trial in place.completed.to_repeat([own for where, own in self._timed.values() if where is place])
            ]
            if not again or self._is_busy or self.is_interrupted or self.budget.left <= 0:
                return
            display = self._display("disturbed trials", again)
            try:
                self._is_busy = not can_measure(display.note)  # then no later look waits for it again
                if self._is_busy:
                    return
                self.is_interrupted = Runner(display, 1).all(self._affordable(again))
            finally:
                display.close()
