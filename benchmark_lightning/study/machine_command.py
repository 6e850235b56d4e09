"""The command ``machine``. Imports torch only once its options have been parsed."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmark_lightning.arguments import CommandParser
from benchmark_lightning.errors import InputError
from benchmark_lightning.loading import announced_loading


def main(arguments: Sequence[str]) -> int:
    """Runs ``machine [--json FILE]``."""
    parser = CommandParser("machine", "Shows what this machine is and what it can do, measured in less than a minute.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the raw values there")
    path: Path | None = parser.parse_args(list(arguments)).json
    with announced_loading():
        from benchmark_lightning.study.machine import describe_machine, print_machine
    machine = describe_machine()
    print_machine(machine)
    if path is not None:
        try:
            path.write_text(json.dumps(machine, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write {path} ({error.strerror}); give another --json") from error
    return 0
