"""The command ``study --until-decided``, and what a study will cost before it runs."""

import contextlib
import functools
from collections.abc import Callable, Sequence

from rich.console import Console

from benchmark_lightning.deciding.costs import (
    Wanted,
    cost_of,
    seconds_to_settle,
    spread,
    told,
    trials_of_file,
    trials_until,
)
from benchmark_lightning.deciding.course import Course, Look, Way
from benchmark_lightning.deciding.needs import Need
from benchmark_lightning.deciding.prospect import Prospect
from benchmark_lightning.deciding.screen import print_look
from benchmark_lightning.errors import InputError
from benchmark_lightning.report.claims.outlook import what_it_takes
from benchmark_lightning.report.claims.verdicts import Claim
from benchmark_lightning.report.evidence.predicted import predicted_pairs
from benchmark_lightning.report.evidence.questions import Questions
from benchmark_lightning.study.budget import Budget
from benchmark_lightning.study.completed import FAILED, locked
from benchmark_lightning.study.display import duration, print_summary
from benchmark_lightning.study.running import Place


def check_decidable(questions: Questions) -> None:
    """Raises ``InputError`` for a study that cannot run until it is decided."""
    if not questions.claims:
        raise InputError(f"{questions.path} has no claims to decide; add some, or run it without --until-decided")
    if not questions.looks:
        raise InputError(
            f"{questions.path} does not say at which numbers of seeds --until-decided judges its claims; "
            "add looks: [3, 5, 8, 12]"
        )


def run_until_decided(study: Prospect, way: Way, budget: float | None, command: str) -> int:
    """Runs a study until it is decided, the last look is over or the budget is spent.

    Args:
        study: what may run.
        way: how.
        budget: seconds for all starts of the study together; None is as many as it takes.
        command: that goes on.

    Returns:
        0 when all trials went well or were skipped, 1 when one has failed, 130 when a person interrupted.
    """
    console = new_console()
    with contextlib.ExitStack() as locks:
        for place in study.places:
            locks.enter_context(locked(place.folder))
            for sentence in place.completed.damaged:
                console.print(sentence)
        course = Course(study, way, Budget(budget, spent(study.places, way.num_jobs)))
        try:
            _follow(course, study, console)
        except KeyboardInterrupt:
            course.is_interrupted = True
    if course.is_interrupted:
        limit = "" if budget is None else f" --budget {budget:g}"
        console.print(f"interrupted; go on with: {command}{limit}")
        return 130
    if course.budget.is_short:
        console.print(f"the budget is spent; give a larger one to go on with: {command}")
    names = {trial.key: trial.name for _, trial in course.wanted.values()}
    records = [record for key, record in course.records.items() if key in names]
    print_summary(console, records, names)
    has_failed = any(record.status in FAILED for record in records)
    if has_failed:
        console.print(f"try them again with: {command} --retry-failed")
    return int(has_failed)


def new_console() -> Console:
    """A console that prints text as it is."""
    return Console(soft_wrap=True, markup=False, highlight=False)


def spent(places: Sequence[Place], num_jobs: int) -> float:
    """Seconds that earlier starts took for the trials of a look; those of a plain run of the study are no part of its budget.

    Args:
        places: of the study.
        num_jobs: trials at a time, in earlier starts as in this one.
    """
    records = [record for place in places for record in place.completed.records.values()]
    seconds = sum(record.clocks.get("wall_seconds") or 0.0 for record in records if record.look is not None)
    return float(seconds) / num_jobs


def _follow(course: Course, study: Prospect, console: Console) -> None:
    """Prints each whole look for which something was run, and the last one with what is left open."""
    last: Look | None = None
    for look in course.looks():
        if look.num_run:
            _print(course, study, look, console)
        last = look
    if last is not None:
        if not last.num_run:
            _print(course, study, last, console)
        for sentence in endings(last.claims):
            console.print(sentence)
    elif not course.records:
        console.print("no trial could begin")
    if course.incomplete is not None and course.records:
        until = f"what is said here is that of look {course.incomplete}" if last else "no claim is judged yet"
        console.print(f"{_name(course.incomplete, study)} is not complete; {until}")


def _name(look: int, study: Prospect) -> str:
    return f"look {look + 1} of {len(study.questions.looks)}"


def _print(course: Course, study: Prospect, look: Look, console: Console) -> None:
    cells = course.by_configuration(look.evidence)
    needs = {need.claim.name: need for need in study.needs}

    def seconds(claim: Claim) -> float | None:
        return seconds_to_settle(claim, needs[claim.name], look.evidence, cells)

    print_look(console, _name(look.number, study), look.claims, look.evidence, seconds)


def endings(claims: Sequence[Claim]) -> list[str]:
    """A sentence on how many claims are decided, and one for each that is open, with what would settle it."""
    num_decided = sum(claim.verdict in ("holds", "fails") for claim in claims)
    sentences = [f"{num_decided} of {len(claims)} claims are decided"]
    for claim in claims:
        if claim.verdict == "undecided" and (finding := claim.decisive) is not None:
            sentences.append(f"{claim.name} is open{_settled_by(what_it_takes(finding))}")
    return sentences


def _settled_by(takes: str) -> str:
    """The end of a sentence about an open claim.

    >>> _settled_by("about 110 seeds a side")
    ': about 110 seeds a side would settle it'
    >>> _settled_by("no number of seeds; about 42,000 test images")
    ': no number of seeds settles it, about 42,000 test images would'
    """
    nothing, _, rest = takes.partition("; ")
    if takes.startswith("no number"):
        return f": {nothing} settles it{f', {rest} would' if rest else ''}"
    return f": {takes} would settle it" if takes else ""


def print_costs(study: Prospect, num_jobs: int, is_until_decided: bool) -> None:
    """Prints the time of a study and of each claim; trials that claims share count in each of them, and once in all."""
    console, factors = new_console(), spread(study.records.values())
    for words, trials in _parts(study, is_until_decided):
        of_claims = {need.claim.name: trials(need) for need in study.needs}
        everything = [wanted for several in of_claims.values() for wanted in several]
        if not is_until_decided:
            everything = trials_of_file(study.cells)
        console.print(f"{words}: {told(cost_of(everything, num_jobs), factors)}")
        for name, several in of_claims.items():
            console.print(f"  {name}: {told(cost_of(several, num_jobs), factors)}")


def _parts(study: Prospect, is_until_decided: bool) -> list[tuple[str, Callable[[Need], list[Wanted]]]]:
    """Words for a part of the study, and its trials for a claim."""
    if not is_until_decided:
        return [("time of the whole study", lambda need: trials_of_file(need.cells))]
    looks = study.questions.looks
    first, last = (
        functools.partial(trials_until, num_runs=num, records=study.records, is_seeded=is_seeded)
        for num, is_seeded in ((looks[0], False), (looks[-1], True))
    )
    return [("least, where the first look decides all", first), ("most, where it takes the last one", last)]


def tell_times(study: Prospect) -> None:
    """Prints what was predicted for the trials and what they took, where something was."""
    pairs = predicted_pairs(study.records.values())
    if pairs:
        predicted, took = (duration(sum(times)) for times in zip(*pairs, strict=True))
        trials = "1 trial" if len(pairs) == 1 else f"{len(pairs)} trials"
        new_console().print(f"predicted for {trials}: {predicted}; took: {took}")
