"""The report: report.html, report.md, results.csv, claims.json and the figures, all from the records."""

import base64
import json
import math
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup
from rich.console import Console
from rich.table import Table

from benchmark_lightning.arguments import CommandParser
from benchmark_lightning.errors import InputError
from benchmark_lightning.report import wording
from benchmark_lightning.report.blocks import write_blocks
from benchmark_lightning.report.claims import check_claims
from benchmark_lightning.report.evidence import Evidence
from benchmark_lightning.report.figures import PLOTS
from benchmark_lightning.report.markdown import SYMBOLS, TEMPLATES, render
from benchmark_lightning.report.style import save, styled
from benchmark_lightning.report.verdicts import Claim


class Report(NamedTuple):
    """A report as its files: name -> text. The figures are SVG; their PNG twins are written beside them."""

    files: dict[str, str]
    claims: list[Claim]


def write_report(evidence: Evidence, out: Path) -> Report:
    """Writes the report in ``out``.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
        report = make_report(evidence, out / "figures")
        for name, text in report.files.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot write the report in {out} ({error.strerror}); free some space or give another --out"
        ) from error
    return report


def make_report(evidence: Evidence, figure_folder: Path) -> Report:
    """All files of the report; the figures are also drawn into ``figure_folder``."""
    claims = check_claims(evidence)
    drawn = draw_figures(evidence, figure_folder)
    markdown = render("report.md.j2", evidence, claims, drawn=set(drawn))
    files = {
        "report.md": markdown,
        "report.html": _html(markdown, drawn, " ".join(evidence.table["dataset"].unique())),
        "claims.json": json.dumps([_claim_content(claim) for claim in claims], indent=1, ensure_ascii=False) + "\n",
        "results.csv": evidence.table.drop(columns=["run"]).to_csv(index=False, lineterminator="\n"),
    }
    return Report(files | {f"figures/{name}.svg": svg for name, svg in drawn.items()}, claims)


def draw_figures(evidence: Evidence, folder: Path) -> dict[str, str]:
    """Draws every figure for which there are records; name -> SVG."""
    drawn = {}
    with styled(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a name in letters that the font lacks
        for plot in PLOTS:
            figure = plot.draw(evidence)
            if figure is not None:
                drawn[plot.name] = save(figure, folder, plot.name)
    return drawn


def _html(markdown: str, drawn: dict[str, str], datasets: str) -> str:
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
        {"what": remark.what, "unit": remark.unit, "estimate": _rounded(remark.estimate._asdict())}
        for remark in claim.background
    ]
    content["findings"] = [
        {
            "what": finding.what, "unit": finding.unit, "verdict": finding.verdict, "caveat": finding.caveat,
            "region": [end if math.isfinite(end) else None for end in finding.region],
            "estimate": None if finding.estimate is None else _rounded(finding.estimate._asdict()),
        }
        for finding in claim.findings
    ]  # fmt: skip
    return content


def _rounded(content: dict[str, Any]) -> dict[str, Any]:
    """Floats to six digits: beyond them two versions of a library may differ."""
    return {key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in content.items()}


def print_claims(claims: list[Claim], datasets: Sequence[str]) -> None:
    """The claims with their verdicts, in the terminal."""
    table = Table(title=f"the claims of the published study, asked of {wording.joined(list(datasets))}")
    for column in ("#", "claim", "here", "verdict"):
        table.add_column(column, overflow="fold")
    for claim in claims:
        finding = claim.decisive
        here = "" if finding is None or finding.estimate is None else wording.estimate(finding.estimate, finding.unit)
        table.add_row(str(claim.number), claim.statement, here, f"{SYMBOLS[claim.verdict]} {claim.verdict}")
    Console(markup=False, highlight=False).print(table)


def folder_parser(command: str, description: str) -> CommandParser:
    """The parser of a command that reads the records of folders."""
    parser = CommandParser(command, description)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="such as lightning_logs/quickstart")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Runs ``report FOLDER [more folders] [--out DIR] [--readme FILE]``."""
    parser = folder_parser("report", "Makes report.html and its figures, tables and claims from records.")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (<first folder>/report)")
    parser.add_argument(
        "--readme", type=Path, metavar="FILE", help="Markdown file whose result tables are written anew"
    )
    options = parser.parse_args(list(arguments))
    evidence = Evidence.of(*options.folders)
    for sentence in evidence.problems:
        warnings.warn(sentence, stacklevel=1)
    out = options.out or options.folders[0] / "report"
    report = write_report(evidence, out)
    if options.readme is not None:
        write_blocks(options.readme, {folder: Evidence.of(folder) for folder in options.folders})
    print_claims(report.claims, sorted(evidence.table["dataset"].unique()))
    sys.stdout.write(f"report: {out / 'report.html'}\n")
    return 0
