"""The command ``verify``: its options first and its imports after them, so that its help is there at once."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark_lightning.report.page.report import folder_parser


def main(arguments: Sequence[str]) -> int:
    """Runs ``verify FOLDER [more folders] [--study FILE] [--report DIR] [--readme FILE]``; returns 1 where anything has drifted."""
    parser = folder_parser("verify", "Computes every number of a report again from its records.")
    parser.add_argument("--report", type=Path, metavar="DIR", help="folder of the report (<first folder>/report)")
    parser.add_argument(
        "--readme", type=Path, metavar="FILE", help="Markdown file whose result tables are verified too"
    )
    options = parser.parse_args(list(arguments))

    from benchmark_lightning.loading import garbage_kept

    with garbage_kept():
        from benchmark_lightning.report.page.drift import drifts

    report = options.report or options.folders[0] / "report"
    found = drifts(options.folders, report, options.readme, options.study)
    for sentence in found:
        sys.stdout.write(f"{sentence}\n")
    named = " and ".join(str(path) for path in (report, options.readme) if path is not None)
    sys.stdout.write(f"{named}: {'not what the records say' if found else 'what the records say'}\n")
    return int(bool(found))
