"""The command line: one table from a command to the function that does it, imported only when it is called."""

import contextlib
import importlib
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from benchmark_lightning import __version__
from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.loading import announced_loading

TRACEBACK_VARIABLE = "BENCHMARK_LIGHTNING_TRACEBACK"


class Command(NamedTuple):
    """A command: its help, and the module whose ``main`` runs it."""

    help: str
    module: str
    function: str = "main"
    takes_its_name: bool = False  # LightningCLI wants the command among its arguments
    imports_torch: bool = True


CLI = "benchmark_lightning.training.cli"
STUDY = "benchmark_lightning.study"
REPORT = "benchmark_lightning.report.page"
COMMANDS = {
    "fit": Command("train a model from configs; keeps its best and last checkpoint", CLI, takes_its_name=True),
    "validate": Command("evaluate a checkpoint on the validation images", CLI, takes_its_name=True),
    "test": Command("evaluate a checkpoint on the test images", CLI, takes_its_name=True),
    "predict": Command("class and probability of test images or of your own", CLI, takes_its_name=True),
    "trial": Command("fit, test the best checkpoint and write one record.json", f"{STUDY}.trials.network"),
    "classical": Command("the same with any classifier of scikit-learn's interface", f"{STUDY}.trials.classical"),
    "svm": Command("the same with a support vector classifier", f"{STUDY}.trials.classical", "svm_main"),
    "sweep": Command("run the trials of a sweep file that have no record yet", f"{STUDY}.sweep", imports_torch=False),
    "study": Command(
        "run the sweeps of a study file and report on them", "benchmark_lightning.studies", imports_torch=False
    ),
    "report": Command("figures, tables and claims from records", f"{REPORT}.report", imports_torch=False),
    "verify": Command("recompute a report from its records", f"{REPORT}.verify", imports_torch=False),
    "machine": Command("what this machine is and can do", f"{STUDY}.machine_command", imports_torch=False),
}


def usage() -> str:
    """The help of the whole program."""
    lines = [f"  {name:<10} {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            f"benchmark-lightning {__version__}: honest, fast benchmarks of training small-image classifiers",
            "",
            "usage: benchmark-lightning COMMAND [--config FILE ...] [--KEY VALUE ...]",
            "",
            *lines,
            "",
            "  benchmark-lightning COMMAND --help   every key of a command",
            "  benchmark-lightning --version        the version",
            "",
            "example: benchmark-lightning fit --config configs/experiment/digits_resnet18.yaml --model.lr 1e-4",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code: 0 done, 1 failed while running, 2 bad input, 130 interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if arguments[0] == "--version":
        print(__version__)
        return 0
    try:
        return _run(arguments)
    except InputError as error:
        _complain(f"{error}", error)
        return 2
    except KeyboardInterrupt:
        advice = "; it goes on after its last whole epoch with --ckpt_path last" if arguments[0] == "fit" else ""
        _complain(f"interrupted{advice}")
        return 130
    except Exception as error:  # whatever it is, a person gets a sentence
        reason = " ".join(str(error).split()) or "no message"
        _complain(f"{arguments[0]} failed: {type(error).__name__}: {reason}", error)
        return 1


def _run(arguments: list[str]) -> int:
    name = arguments[0]
    if name not in COMMANDS:
        raise InputError(f"there is no command {name!r}; {nearest(name, COMMANDS)}")
    command = COMMANDS[name]
    if "" not in sys.path:
        sys.path.append("")  # a class of one's own, in the working directory, can be named by its class path
    with announced_loading() if command.imports_torch else contextlib.nullcontext():
        module = importlib.import_module(command.module)
    threading.excepthook = lambda failure: _complain(f"{name}: {failure.exc_value}")  # TensorBoard's writer, say
    warnings.formatwarning = lambda message, *where: f"note: {message}\n"  # a person needs no line of a library
    code: int | None = getattr(module, command.function)(arguments if command.takes_its_name else arguments[1:])
    return code or 0


def _complain(sentence: str, error: Exception | None = None) -> None:
    print(f"benchmark-lightning: {sentence}", file=sys.stderr)
    if error is not None and os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(error)
    elif error is not None and not isinstance(error, InputError):
        print(f"  (set {TRACEBACK_VARIABLE}=1 to see where)", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
