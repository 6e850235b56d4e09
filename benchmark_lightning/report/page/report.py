"""The command ``report``: its options first and its imports after them, so that its help is there at once."""

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from benchmark_lightning.arguments import CommandParser


def folder_parser(command: str, description: str) -> CommandParser:
    """The parser of a command that reads the records of folders."""
    parser = CommandParser(command, description)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="such as lightning_logs/quickstart")
    parser.add_argument(
        "--study", type=Path, metavar="FILE", help="study file with the claims (the study.yaml in the first folder)"
    )
    return parser


def main(arguments: Sequence[str]) -> int:
    """Runs ``report FOLDER [more folders] [--study FILE] [--out DIR] [--readme FILE]``."""
    parser = folder_parser("report", "Makes report.html and its figures, tables and claims from records.")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (<first folder>/report)")
    parser.add_argument(
        "--readme", type=Path, metavar="FILE", help="Markdown file whose result tables are written again"
    )
    options = parser.parse_args(list(arguments))

    from benchmark_lightning.loading import garbage_kept

    with garbage_kept():
        from benchmark_lightning.report.evidence.evidence import Evidence
        from benchmark_lightning.report.page.blocks import write_blocks
        from benchmark_lightning.report.page.document import print_claims, write_report

    evidence = Evidence.of(*options.folders, study=options.study)
    for sentence in evidence.problems:
        warnings.warn(sentence, stacklevel=1)
    out = options.out or options.folders[0] / "report"
    claims = write_report(evidence, out)
    if options.readme is not None:
        write_blocks(options.readme, evidence.by_folder(options.folders))
    print_claims(claims)
    sys.stdout.write(f"report: {out / 'report.html'}\n")
    return 0
