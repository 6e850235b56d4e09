"""The report: report.html, report.md, results.csv, claims.json and the figures, all from the records."""

import base64
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.claims.judging import check_claims
from benchmark_lightning.report.claims.outlook import what_it_takes
from benchmark_lightning.report.claims.verdicts import Claim
from benchmark_lightning.report.evidence import formatting
from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.rounding import written
from benchmark_lightning.report.figures.drawing import save_figures
from benchmark_lightning.report.figures.registry import plots
from benchmark_lightning.report.figures.style import styled
from benchmark_lightning.report.page.rendering import SYMBOLS, TEMPLATES, render


def write_report(evidence: Evidence, out: Path) -> list[Claim]:
    """Writes the report in ``out`` and returns its claims.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
        drawn = save_figures(evidence, out / "figures")
        claims = check_claims(evidence)
        for name, text in make_texts(evidence, drawn, claims).items():
            (out / name).write_text(text, encoding="utf-8")
        return claims
    except OSError as error:
        raise InputError(
            f"cannot write the report in {out} ({error.strerror}); free some space or give another --out"
        ) from error


def draw_figures(evidence: Evidence) -> Iterator[tuple[str, Figure]]:
    """Every figure for which there are records, with its name."""
    for plot in plots(evidence):
        with styled():
            figure = plot.draw(evidence)
        if figure is not None:
            yield plot.name, figure


def make_texts(evidence: Evidence, drawn: Mapping[str, str], claims: list[Claim] | None = None) -> dict[str, str]:
    """The files of the report but for the figures; name -> text.

    Args:
        evidence: what was measured.
        drawn: name of each figure -> its SVG, which the page holds.
        claims: of the evidence, where they are judged already.
    """
    claims = check_claims(evidence) if claims is None else claims
    numbers = {name: number for number, name in enumerate(drawn, 1)}
    missing = [plot for plot in plots(evidence) if plot.name not in drawn]
    markdown = render("report.md.j2", evidence, claims, drawn=set(drawn), numbers=numbers, missing=missing)
    texts = {
        "report.md": markdown,
        "report.html": _html(markdown, drawn, " ".join(evidence.table["dataset"].unique())),
        "results.csv": evidence.table.drop(columns=["run", "outcomes"]).to_csv(index=False, lineterminator="\n"),
    }
    if claims:
        content = [_claim_content(claim) for claim in claims]
        texts["claims.json"] = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    return texts


def _html(markdown: str, drawn: Mapping[str, str], datasets: str) -> str:
    """The page: the Markdown without any HTML of its own, with the figures inside."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    for name, svg in drawn.items():
        inlined = base64.b64encode(svg.encode()).decode()
        body = body.replace(f'src="figures/{name}.svg"', f'src="data:image/svg+xml;base64,{inlined}"')
    for verdict, symbol in SYMBOLS.items():
        body = body.replace(
            f"<td>{symbol} {verdict}</td>", f'<td class="{verdict.replace(" ", "-")}">{symbol} {verdict}</td>'
        )
    body = body.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    page = jinja2.Environment(loader=TEMPLATES, autoescape=True).get_template("page.html.j2")
    return page.render(title=f"Benchmarks of training: {datasets}", body=Markup(body))  # noqa: S704  # markdown-it escaped it


def _claim_content(claim: Claim) -> dict[str, Any]:
    content = claim._asdict() | {"verdict": claim.verdict}
    content["background"] = [
        {"what": remark.what, "unit": remark.unit, "estimate": _rounded(remark.estimate)} for remark in claim.background
    ]
    content["findings"] = [
        {
            "what": finding.what, "unit": finding.unit, "verdict": finding.verdict, "caveat": finding.caveat,
            "region": [end if math.isfinite(end) else None for end in finding.region],
            "estimate": None if finding.estimate is None else _rounded(finding.estimate), "takes": what_it_takes(finding),
        }
        for finding in claim.findings
    ]  # fmt: skip
    return content


def _rounded(estimate: Estimate) -> dict[str, Any]:
    """An estimate without the parts of its error, which ``takes`` sums up."""
    content = {key: value for key, value in estimate._asdict().items() if key != "noise"}
    return {key: written(value) if isinstance(value, float) else value for key, value in content.items()}


def print_claims(claims: list[Claim]) -> None:
    """The claims with their verdicts, in the terminal."""
    if not claims:
        return
    table = Table(title="the claims of the study")
    for column in ("#", "claim", "here", "verdict", "to decide it"):
        table.add_column(column, overflow="fold")
    for claim in claims:
        finding = claim.decisive
        here = (
            "" if finding is None or finding.estimate is None else formatting.estimate(finding.estimate, finding.unit)
        )
        takes = "" if finding is None else what_it_takes(finding)
        table.add_row(str(claim.number), claim.statement, here, f"{SYMBOLS[claim.verdict]} {claim.verdict}", takes)
    Console(markup=False, highlight=False).print(table)
