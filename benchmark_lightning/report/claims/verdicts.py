"""A claim, the comparisons behind it, and the verdict that follows from where their intervals lie."""

from typing import Literal, NamedTuple

from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.forecast import Forecast

Verdict = Literal["holds", "fails", "undecided", "not measured"]
VERDICTS: tuple[Verdict, ...] = ("holds", "fails", "undecided", "not measured")


class Finding(NamedTuple):
    """One comparison behind a claim.

    Args:
        what: what was compared, with the data set.
        estimate: of the quantity; None where it was not measured.
        region: the values, ends included, for which the claim holds.
        unit: ``accuracy``, ``points`` of it, ``ratio``, ``seconds``, ``epochs``, ``share`` or ``number``; how the numbers are printed.
        caveat: why no verdict follows, wherever the interval lies.
        sides: ids of the configurations that may stand on each side of the comparison.
        forecast: what it would take to decide it, where the noise of the estimate is known.
    """

    what: str
    estimate: Estimate | None
    region: tuple[float, float]
    unit: str = "ratio"
    caveat: str = ""
    sides: tuple[tuple[str, ...], ...] = ()
    forecast: Forecast | None = None

    @property
    def verdict(self) -> Verdict:
        """By where the interval lies: inside the region, outside, or across its border."""
        if self.estimate is None:
            return "not measured"
        low, high = self.estimate.low, self.estimate.high
        if low is None or high is None or self.caveat:
            return "undecided"
        if self.region[0] <= low and high <= self.region[1]:
            return "holds"
        return "fails" if high < self.region[0] or low > self.region[1] else "undecided"


class Remark(NamedTuple):
    """A quantity that explains a verdict without affecting it; see ``Finding`` for its parts."""

    what: str
    estimate: Estimate
    unit: str = "ratio"


class Claim(NamedTuple):
    """A claim, where its source makes it, what it takes to hold, and what the records say.

    Args:
        number: its place among the claims of the study, from 1.
        name: of its definition.
        statement: the claim in words.
        section: of its source.
        published: the number that the source gives.
        criterion: what it takes to hold.
        findings: the comparisons behind it.
        remedy: the command that measures what is missing, as Markdown.
        background: what explains the verdict without affecting it.
    """

    number: int
    name: str
    statement: str
    section: str
    published: str
    criterion: str
    findings: list[Finding]
    remedy: str
    background: tuple[Remark, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """One comparison that fails is enough; else one that is missing, else one that is open."""
        verdicts = [finding.verdict for finding in self.findings] or ["not measured"]
        order: tuple[Verdict, ...] = ("fails", "not measured", "undecided", "holds")
        return next(verdict for verdict in order if verdict in verdicts)

    @property
    def decisive(self) -> Finding | None:
        """The first comparison that has the verdict of the claim."""
        return next((finding for finding in self.findings if finding.verdict == self.verdict), None)
