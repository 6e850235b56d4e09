"""The claims on the screen after each look: what is known, and what it takes to know the rest."""

import math
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from benchmark_lightning.report.claims.outlook import what_it_takes
from benchmark_lightning.report.claims.verdicts import Claim, Finding
from benchmark_lightning.report.evidence import formatting
from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.study.display import duration

COLUMNS = ("claim", "verdict", "estimate", "holds", "seeds a side", "to settle it")


def print_look(
    console: Console, title: str, claims: list[Claim], evidence: Evidence, seconds: Callable[[Claim], float | None]
) -> None:
    """Prints a row a claim: a table in a terminal, plain lines elsewhere.

    Args:
        seconds: how long it takes to settle an open claim.
    """
    rows = [_row(claim, evidence, seconds) for claim in claims]
    if not console.is_terminal:
        console.print(title)
        for name, *cells in rows:
            told = zip(COLUMNS[2:], cells[1:], strict=True)
            console.print(f"  {name}: {'; '.join([cells[0], *(f'{column}: {cell}' for column, cell in told if cell)])}")
        return
    table = Table(title=title)
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _row(claim: Claim, evidence: Evidence, seconds: Callable[[Claim], float | None]) -> list[str]:
    finding = claim.decisive
    if finding is None or finding.estimate is None:
        return [claim.name, claim.verdict, "", "", "", ""]
    return [
        claim.name, claim.verdict, formatting.estimate(finding.estimate, finding.unit), _region(finding),
        _seeds(finding, evidence), _takes(finding, seconds(claim)),
    ]  # fmt: skip


def _region(finding: Finding) -> str:
    """Where the claim holds, in the unit of the estimate; an end that no accuracy passes is none."""
    most = 1.0 if finding.unit in ("accuracy", "points", "share") else math.inf
    least = 0.0 if finding.unit in ("accuracy", "share") else -most
    low, high = (
        formatting.estimate(Estimate(end, None, None, 1, "", kind="exact"), finding.unit) if least < end < most else ""
        for end in finding.region
    )
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}" if high else ""


def _seeds(finding: Finding, evidence: Evidence) -> str:
    """The most seeds of a configuration on each side."""
    frame = evidence.configurations
    sides = [frame[frame["configuration"].isin(side)] for side in finding.sides]
    return " and ".join(str(int(side["n"].max())) for side in sides if len(side)) or str(
        finding.estimate.n if finding.estimate else 0
    )


def _takes(finding: Finding, seconds: float | None) -> str:
    takes = what_it_takes(finding)
    return f"{takes}, {duration(seconds)}" if takes and seconds else takes
