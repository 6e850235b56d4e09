"""Whether a report still says what its records say: every number is computed again and compared."""

import base64
import math
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.blocks import with_blocks
from benchmark_lightning.report.document import folder_parser, make_report
from benchmark_lightning.report.evidence import Evidence
from benchmark_lightning.study.record import FILE_NAME, Record, RecordError, read_record, trial_key

MAX_SHOWN = 5  # differences of one file
_INLINED = re.compile(r"base64,([A-Za-z0-9+/=]*)")
_DRAWN_BY = re.compile(r"Matplotlib v[0-9.]+")


def drifts(folders: Sequence[Path], report: Path, readme: Path | None = None) -> list[str]:
    """A sentence for everything that differs between the records and what was made from them.

    Args:
        folders: of the records, in the order in which the report was made from them.
        report: folder of the report.
        readme: Markdown file with blocks of results; None is none.

    Raises:
        InputError: there is no record, or no report.
    """
    if not (report / "report.md").is_file():
        raise InputError(f"there is no report in {report}; make one with: benchmark-lightning report {folders[0]}")
    evidence = Evidence.of(*folders)
    of_readme = [] if readme is None else _compare_readme(readme, folders)
    found = [*_first(evidence.problems), *_first(list(_strange_records(folders)))]
    with tempfile.TemporaryDirectory() as folder:
        expected = make_report(evidence, Path(folder)).files
        for name, text in expected.items():
            if name.endswith(".svg"):
                found += _compare_figure(report / name, text, Path(folder) / Path(name).with_suffix(".png").name)
            else:
                found += _compare(report / name, text)
    found += _compare_inlined(report, {Path(name).stem for name in expected if name.endswith(".svg")})
    extra = {path.stem for path in (report / "figures").glob("*.*")} - {Path(name).stem for name in expected}
    found += [f"{report}/figures/{name}: no record stands behind it" for name in sorted(extra)]
    return found + of_readme


def _compare_readme(readme: Path, folders: Sequence[Path]) -> list[str]:
    _, renewed, num_blocks = with_blocks(readme, {folder: Evidence.of(folder) for folder in folders})
    if not num_blocks:
        return [f"{readme}: it has no block of results from {' or '.join(str(folder) for folder in folders)}"]
    return _compare(readme, renewed)


def _compare_figure(path: Path, expected: str, picture: Path) -> list[str]:
    """The SVG and its PNG twin, to the byte, where the same version of matplotlib drew them."""
    try:
        written, png = path.read_text(encoding="utf-8"), path.with_suffix(".png").read_bytes()
    except (OSError, UnicodeDecodeError) as error:
        return [f"{path} or its PNG: cannot be read ({error})"]
    drawn_by = _DRAWN_BY.findall(written)
    if drawn_by and drawn_by != [_stamp()]:
        return []  # told by uncompared_figures
    found = [] if written == expected else [f"{path}: the records give another figure"]
    return (
        found
        if png == picture.read_bytes()
        else [*found, f"{path.with_suffix('.png')}: the records give another picture"]
    )


def uncompared_figures(report: Path) -> list[Path]:
    """The figures that another version of matplotlib has drawn, which draws other curves for the same numbers."""
    stamps = {
        path: _DRAWN_BY.findall(path.read_text(encoding="utf-8", errors="replace"))
        for path in report.glob("figures/*.svg")
    }
    return [path for path, stamp in stamps.items() if stamp and stamp != [_stamp()]]


def _stamp() -> str:
    return f"Matplotlib v{matplotlib.__version__}"


def _compare_inlined(report: Path, names: set[str]) -> list[str]:
    """The figures inside the page are those beside it."""
    try:
        inlined = {
            base64.b64decode(text) for text in _INLINED.findall((report / "report.html").read_text(encoding="utf-8"))
        }
        beside = {(report / "figures" / f"{name}.svg").read_bytes() for name in names}
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


def _strange_records(folders: Sequence[Path]) -> Iterator[str]:
    for folder in folders:
        for path in sorted(folder.rglob(FILE_NAME)):
            try:
                record = read_record(path)
            except RecordError:
                continue  # among the problems of the evidence
            try:
                sentences = contradictions(record)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                sentences = [f"it cannot be checked ({type(error).__name__}: {error})"]
            yield from (f"{path}: {sentence}" for sentence in sentences)


def contradictions(record: Record) -> list[str]:
    """In what the raw values of a record and those derived from them disagree."""
    found = []
    fingerprint = record.data.get("fingerprint")
    if record.key != trial_key(record.config, fingerprint, record.repeat):
        found.append("its key is not that of its configuration and data")
    if record.status != "ok":
        return found
    rates = [rate for rate in record.throughput.get("images_per_second") or [] if rate is not None]
    if rates and not _equal(statistics.median(rates), record.throughput.get("median_images_per_second")):
        found.append("its median rate is not the median of its rates")
    accuracy, num_test = record.metrics.get("test/accuracy"), record.data.get("num_test")
    is_whole = record.config.get("trainer", {}).get("limit_test_batches") is None
    if (
        accuracy is not None
        and num_test
        and is_whole
        and not _equal(accuracy * num_test, round(accuracy * num_test), 0.01)
    ):
        found.append(f"its test accuracy is no whole number of {num_test:,} images")
    if record.curves:
        if not _equal(record.curves[-1].get("fit_seconds"), record.clocks.get("fit_seconds")):
            found.append("its seconds of training are not those at the end of its last epoch")
        best = next((row for row in record.curves if row["epoch"] == record.best_epoch), None)
        if best is not None and not _equal(best.get("val/accuracy"), record.metrics.get("val/accuracy")):
            found.append("its validation accuracy is not that of its best epoch")
    return found


def _equal(left: float | None, right: float | None, tolerance: float = 1e-6) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-6, abs_tol=tolerance)


def main(arguments: Sequence[str]) -> int:
    """Runs ``verify FOLDER [more folders] [--report DIR] [--readme FILE]``; returns 1 where anything has drifted."""
    parser = folder_parser("verify", "Computes every number of a report again from its records.")
    parser.add_argument("--report", type=Path, metavar="DIR", help="folder of the report (<first folder>/report)")
    parser.add_argument(
        "--readme", type=Path, metavar="FILE", help="Markdown file whose result tables are verified too"
    )
    options = parser.parse_args(list(arguments))
    report = options.report or options.folders[0] / "report"
    found = drifts(options.folders, report, options.readme)
    unchecked = uncompared_figures(report)
    for sentence in found:
        sys.stdout.write(f"{sentence}\n")
    named = " and ".join(str(path) for path in (report, options.readme) if path is not None)
    if unchecked:
        sys.stdout.write(f"{len(unchecked)} figures were drawn by another version of matplotlib and not compared\n")
    sys.stdout.write(f"{named}: {'not what the records say' if found else 'what the records say'}\n")
    return int(bool(found))
