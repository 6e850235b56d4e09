"""Whether a report still says what its records say: every number is computed again and compared."""

import base64
import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.figures.figure_data import figure_data
from benchmark_lightning.report.figures.stamps import png_flaw, svg_flaw
from benchmark_lightning.report.page.blocks import with_blocks
from benchmark_lightning.report.page.contradictions import strange_records
from benchmark_lightning.report.page.document import draw_figures, make_texts

MAX_SHOWN = 5  # differences of one file
_INLINED = re.compile(r"base64,([A-Za-z0-9+/=]*)")


def drifts(folders: Sequence[Path], report: Path, readme: Path | None = None, study: Path | None = None) -> list[str]:
    """A sentence for everything that differs between the records and what was made from them.

    Args:
        folders: of the records, in the order in which the report was made from them.
        report: folder of the report.
        readme: Markdown file with blocks of results; None is none.
        study: the file of the study; None is the one that the folders hold.

    Raises:
        InputError: there is no record, or no report.
    """
    if not (report / "report.md").is_file():
        raise InputError(f"there is no report in {report}; make one with: benchmark-lightning report {folders[0]}")
    evidence = Evidence.of(*folders, study=study)
    of_readme = [] if readme is None else _compare_readme(readme, evidence.by_folder(folders))
    data = {name: figure_data(figure) for name, figure in draw_figures(evidence)}
    found = [*_first(evidence.problems), *_first(list(strange_records(folders)))]
    for name, text in make_texts(evidence, dict.fromkeys(data, "")).items():
        compare = _compare_tables if name.endswith(".csv") else _compare
        found += compare(report / name, text)
    for name, text in data.items():
        found += _compare_figure(report / "figures" / name, text)
    found += _compare_inlined(report, data)
    expected = {f"{name}.{kind}" for name in data for kind in ("csv", "svg", "png")}
    extra = {path.name for path in (report / "figures").glob("*.*")} - expected
    found += [f"{report}/figures/{name}: no record stands behind it" for name in sorted(extra)]
    return found + of_readme


def _compare_readme(readme: Path, evidence: Mapping[Path, Evidence]) -> list[str]:
    _, renewed, num_blocks = with_blocks(readme, evidence)
    if not num_blocks:
        return [f"{readme}: it has no block of results from {' or '.join(str(folder) for folder in evidence)}"]
    return _compare(readme, renewed)


def _compare_figure(stem: Path, expected: str) -> list[str]:
    """The numbers of a figure are those of the records, and its pictures were drawn from them."""
    data, svg, png = (stem.parent / f"{stem.name}.{kind}" for kind in ("csv", "svg", "png"))
    found = _compare_tables(data, expected)
    for path, flaw_of in ((svg, _svg_flaw), (png, png_flaw)):
        try:
            flaw = flaw_of(path, expected)
        except (OSError, SyntaxError, ValueError) as error:  # a broken PNG is a SyntaxError of Pillow
            flaw = f"cannot be read ({error})"
        found += [f"{path}: it {flaw}"] if flaw else []
    return found


def _svg_flaw(path: Path, data: str) -> str | None:
    return svg_flaw(path.read_text(encoding="utf-8"), data)


def _compare_tables(path: Path, expected: str) -> list[str]:
    """The cells in which a CSV differs from what the records give."""
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [f"{path}: cannot be read ({error})"]
    if written == expected:
        return []
    is_rows, should_be_rows = (list(csv.reader(text.splitlines())) for text in (written, expected))
    found = [
        f"{path}, {_place(should_be, should_be_rows)}: {_differing(is_row, should_be, should_be_rows[0])}"
        for is_row, should_be in zip(is_rows, should_be_rows, strict=False)
        if is_row != should_be
    ]
    if len(is_rows) != len(should_be_rows):
        found.append(f"{path}: it has {len(is_rows)} rows, the records give {len(should_be_rows)}")
    return _first(found) or [f"{path}: its numbers are those of the records, but it is not written as they give it"]


def _place(row: list[str], rows: list[list[str]]) -> str:
    """The panel, mark and series of a row about a figure, or the trial of one of the results."""
    if row == rows[0]:
        return "its columns"
    named = dict(zip(rows[0], row, strict=True))
    if "trial" in named:
        return f"{named['sweep']}/{named['trial']}"
    title = next((other[-1] for other in rows if other[:2] == [named["panel"], "title"]), "no title")
    panel = f"panel {named['panel']} ({title})" if named["panel"] else "the figure as a whole"
    series = f" of {named['series']}" if named["series"] else ""
    return f"{panel}, {named['mark']}{series}"


def _differing(is_row: list[str], should_be: list[str], columns: list[str]) -> str:
    """The first cell in which two rows differ."""
    cells = zip(columns, is_row, should_be, strict=False)
    whole = ("the row", ",".join(is_row), ",".join(should_be))
    column, left, right = next((cell for cell in cells if cell[1] != cell[2]), whole)
    return f"{column} is {left or 'empty'}, from the records {right or 'empty'}"


def _compare_inlined(report: Path, names: Iterable[str]) -> list[str]:
    """The figures inside the page are those beside it."""
    try:
        inlined = {
            base64.b64decode(text) for text in _INLINED.findall((report / "report.html").read_text(encoding="utf-8"))
        }
        beside = {(report / "figures" / f"{name}.svg").read_text(encoding="utf-8").encode() for name in names}
    except (OSError, ValueError) as error:
        return [f"{report}/report.html: its figures cannot be compared ({error})"]
    return [] if inlined == beside else [f"{report}/report.html: its figures are not those in {report}/figures"]


def _compare(path: Path, expected: str) -> list[str]:
    """The lines in which a file differs from what the records give."""
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [f"{path}: cannot be read ({error})"]
    if path.suffix == ".html":
        written, expected = (_INLINED.sub("", text) for text in (written, expected))
    is_lines, should_be_lines = written.splitlines(), expected.splitlines()
    found = [
        f"{path}, line {number}: it says {_part(is_line, should_be)!r}, the records {_part(should_be, is_line)!r}"
        for number, (is_line, should_be) in enumerate(zip(is_lines, should_be_lines, strict=False), 1)
        if is_line != should_be
    ]
    if len(is_lines) != len(should_be_lines):
        found.append(f"{path}: it has {len(is_lines)} lines, the records give {len(should_be_lines)}")
    return _first(found)


def _first(found: list[str]) -> list[str]:
    """The first few, and how many more there are."""
    more = [f"... and {len(found) - MAX_SHOWN} more of these"] if len(found) > MAX_SHOWN else []
    return found[:MAX_SHOWN] + more


def _part(line: str, other: str, width: int = 60) -> str:
    """The part of a line around the first character in which it differs from another one."""
    same = next(
        (k for k, (left, right) in enumerate(zip(line, other, strict=False)) if left != right),
        min(len(line), len(other)),
    )
    start = max(same - width // 3, 0)
    return line[start : start + width]
