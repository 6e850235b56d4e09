"""Claims are judged: each comparison finds its estimates among the records, and the verdict follows."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import pandas as pd

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.claims.comparing import DATA, PLACE, Comparer, select
from benchmark_lightning.report.claims.definition import Comparison, Definition, read_claims
from benchmark_lightning.report.claims.measures import MEASURES, TIMED
from benchmark_lightning.report.claims.speedups import speedup_findings
from benchmark_lightning.report.claims.verdicts import Claim, Finding, Remark
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.forecast import forecast
from benchmark_lightning.report.evidence.formatting import escape, training_images
from benchmark_lightning.report.evidence.questions import find_function

Kind = TypeVar("Kind", Finding, Remark)
ONE_OF_MANY = "outside, but not by enough for one of {} comparisons"
ONE_PART = "on a part of the training images, where the claim is about all"


def check_claims(evidence: Evidence) -> list[Claim]:
    """The claims of the study with what the records say of them.

    In a study with looks the intervals are repeated confidence intervals, which hold at all looks together; see ``looks``.
    """
    at_looks = judged(evidence)
    return [_judge(number, claim, at_looks) for number, claim in enumerate(read_claims(evidence.questions), 1)]


def judged(evidence: Evidence) -> Evidence:
    """The evidence with the confidence at which claims are judged."""
    return evidence.at(evidence.judged_confidence)


def _judge(number: int, claim: Definition, evidence: Evidence) -> Claim:
    findings = _confirmed(claim, _findings(claim, evidence), evidence)
    remarks = () if claim.explain is None else tuple(_called(claim.explain, evidence, Remark))
    return Claim(
        number, claim.name, claim.says, claim.section, claim.published, claim.criterion or _criterion(claim), findings,
        _remedy(claim.needs), remarks,
    )  # fmt: skip


def _findings(claim: Definition, evidence: Evidence) -> list[Finding]:
    found = [finding for comparison in claim.comparisons for finding in find(comparison, evidence)]
    return [
        finding._replace(forecast=forecast(finding.estimate, finding.region, evidence.confidence, finding.unit))
        for finding in found
    ]


def _confirmed(claim: Definition, findings: list[Finding], evidence: Evidence) -> list[Finding]:
    """The findings; of several, one that fails has to do so at a level that allows for their number (Bonferroni).

    All of them must hold for the claim to hold, which needs no correction (Berger 1982); but any one that fails is enough
    for it to fail, and with many comparisons one does by chance.
    """
    measured = [finding for finding in findings if finding.estimate is not None]
    if len(measured) < 2 or not any(finding.verdict == "fails" for finding in measured):
        return findings
    strict = _findings(claim, evidence.at(1 - (1 - evidence.confidence) / len(measured)))
    return [
        finding._replace(caveat=ONE_OF_MANY.format(len(measured)))
        if finding.verdict == "fails" and stricter.verdict != "fails" else finding
        for finding, stricter in zip(findings, strict, strict=True)
    ]  # fmt: skip


def _criterion(claim: Definition) -> str:
    """The regions of a claim in words."""
    words = {"value": "the", "difference": "the difference in", "ratio": "the ratio of"}
    return " and ".join(
        f"{words[part.compare]} {MEASURES[part.measure].words} {_lies(*part.holds)}"
        for part in claim.comparisons if part.python is None
    ) or "its function says so"  # fmt: skip


def _lies(low: float, high: float) -> str:
    """A region in words.

    >>> _lies(2.0, math.inf), _lies(0.0, 1.0)
    ('is at least 2', 'lies between 0 and 1')
    """
    if math.isinf(high):
        return f"is at least {low:g}"
    return f"is at most {high:g}" if math.isinf(low) else f"lies between {low:g} and {high:g}"


def _remedy(needs: str) -> str:
    """The commands that measure what a claim needs, as Markdown; words after a semicolon stay as they are."""
    sweeps, _, rest = needs.partition(";")
    commands = ", ".join(f"`benchmark-lightning sweep {name.replace('`', '')}`" for name in sweeps.split())
    return f"{commands}{escape(rest)}"


def find(comparison: Comparison, evidence: Evidence) -> list[Finding]:
    """The findings of one comparison: one for each data set and setting that has what it takes.

    The other side is of the same setting, or of another kind of method: these have no setting in common, and are
    compared where they learn from the same training images and, in time, on the same machine.
    """
    if comparison.python is not None:
        return _called(comparison.python, evidence, Finding)
    if comparison.measure == "speedup":
        return speedup_findings(comparison, evidence)
    frame = evidence.configurations
    frame = select(evidence, frame[frame["n"] > 0], comparison.where)
    taken = select(evidence, frame, comparison.take)
    place = PLACE if comparison.within and comparison.measure in TIMED else ()
    within = (*comparison.within, *place)
    return asked(evidence, taken, Comparer(comparison, evidence, frame), within, comparison.any_part)


def _called(name: str, evidence: Evidence, kind: type[Kind]) -> list[Kind]:
    """The results of a function that the study names.

    Raises:
        InputError: it fails, or returns something else.
    """
    result = find_function(name, evidence.questions)(evidence)
    if not isinstance(result, list | tuple) or not all(isinstance(item, kind) for item in result):
        raise InputError(f"{name} in {evidence.questions.path} returns {result!r}; return a list of {kind.__name__}")
    return list(result)


def asked(
    evidence: Evidence,
    frame: pd.DataFrame,
    compare: Callable[[str, pd.DataFrame], list[Finding]],
    within: Sequence[str] = (),
    any_part: bool = False,
) -> list[Finding]:
    """The findings of each data set and setting that has what it takes.

    Those with the largest part of the training images count: a part is never compared with all of them, and alone
    decides nothing.

    Args:
        evidence: what was measured.
        frame: the configurations that may be compared.
        compare: title and group -> findings.
        within: columns that are equal in a group, besides those of the data; () is the setting.
        any_part: whether a part of the training images may decide.
    """
    answers = [(_share(group), compare(title, group)) for title, group in _groups(evidence, frame, within)]
    useful = [answer for answer in answers if any(finding.estimate is not None for finding in answer[1])]
    largest = max((share for share, _ in useful), default=None)
    return [
        finding._replace(caveat=finding.caveat or ("" if share == 1.0 or any_part else ONE_PART))
        for share, findings in useful or sorted(answers, key=lambda answer: answer[0])[-1:]
        if largest is None or share == largest
        for finding in findings
    ]


def _groups(evidence: Evidence, frame: pd.DataFrame, within: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    if not within:
        return evidence.panels(frame)
    return [
        (f"{group['dataset'].iloc[0]} ({training_images(*group[['num_train', 'train_fraction']].iloc[0])})", group)
        for _, group in frame.groupby(list(dict.fromkeys((*DATA, *within))), dropna=False)
    ]


def _share(group: pd.DataFrame) -> float:
    """Of the training images, how many were trained on."""
    fraction = group["train_fraction"].iloc[0]
    return 1.0 if pd.isna(fraction) else float(fraction)
