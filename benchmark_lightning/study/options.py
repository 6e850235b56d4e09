"""The options of the commands that run many trials. Imports no torch."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark_lightning.arguments import CommandParser
from benchmark_lightning.study.budget import seconds_of

REPEATS_OF_CONTENDED = 2


def sweep_options(arguments: Sequence[str]) -> tuple[Path, dict[str, Any]]:
    """The file of a sweep, and ``out``, ``jobs``, ``dry_run``, ``retry_failed`` and ``repeat_contended``."""
    return _parsed(_parser("sweep", "Runs the trials of a sweep file that have no record yet."), arguments)


def study_options(arguments: Sequence[str]) -> tuple[Path, dict[str, Any]]:
    """The file of a study, the options of its sweeps, ``until_decided`` and ``budget``, in seconds or None.

    Raises:
        InputError: an option is not valid, or there is a budget for what runs to its end.
    """
    parser = _parser("study", "Runs the sweeps of a study file, one after the other, and makes their report.")
    parser.add_argument(
        "--until-decided", action="store_true",
        help="run what the claims need, and further seeds only for those that are open, at the looks of the study file",
    )  # fmt: skip
    parser.add_argument(
        "--budget",
        type=seconds_of,
        metavar="TIME",
        help="most time for --until-decided, earlier starts included: 2h, 90m, 3600",
    )
    path, options = _parsed(parser, arguments)
    if options["budget"] is not None and not options["until_decided"]:
        parser.error("--budget limits a study that runs --until-decided; give both")
    return path, options


def _parser(command: str, description: str) -> CommandParser:
    parser = CommandParser(command, description)
    parser.add_argument("file", type=Path, help=f"such as configs/{command}/quickstart.yaml")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the trials (lightning_logs/<name of the file>)"
    )
    parser.add_argument(
        "--jobs", type=_at_least_one, metavar="N", help="trials at a time; above 1 timings are worthless"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the trials, what is done and the time to go")
    parser.add_argument("--retry-failed", action="store_true", help="run failed trials again")
    parser.add_argument(
        "--repeat-contended", type=_number, default=REPEATS_OF_CONTENDED, metavar="N",
        help="how often to run a trial again whose times others on the processor have disturbed (2)",
    )  # fmt: skip
    return parser


def _parsed(parser: CommandParser, arguments: Sequence[str]) -> tuple[Path, dict[str, Any]]:
    options = vars(parser.parse_args(list(arguments)))
    return options.pop("file"), options


def _number(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)
