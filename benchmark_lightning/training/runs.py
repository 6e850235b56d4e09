"""Where a run lies: ``<root>/<name>/version_<n>``, a new folder each time, so that nothing is overwritten."""

import dataclasses
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from benchmark_lightning.errors import InputError

RUN_FILES = ("config.yaml", "metrics.csv", "checkpoints", "record.json")


@dataclasses.dataclass
class RunOptions:
    """Where a run writes its config, checkpoints, curves and metrics.

    Args:
        root: Folder of all runs, the one to give to TensorBoard.
        name: Name of the run, by default <data set>-<network>; each repetition is its next version.
        save_last: Keep the last checkpoint beside the best one, both with all that ``fit`` needs to go on; without it
            the best one holds the weights alone.
        folder: The very folder to write to, which holds no run yet, in place of the next version of the name.
    """

    root: str = "lightning_logs"
    name: str | None = None
    save_last: bool = True
    folder: str | None = None


def claim_folder(options: RunOptions, default_name: str) -> Path:
    """Makes the folder of this run; the other processes of a distributed run take the one that the first has made.

    Raises:
        InputError: the folder cannot be made.
    """
    if options.folder is not None:
        folder = _make(Path(options.folder))
        if _is_first_process() and any((folder / name).exists() for name in RUN_FILES):
            raise InputError(
                f"run.folder {folder} holds a run already; give a new folder, so that no earlier run is overwritten"
            )
        return folder
    parent = Path(options.root) / (options.name or default_name)
    versions = _versions(parent)
    if not _is_first_process() and versions:
        return parent / f"version_{versions[-1]}"
    number = versions[-1] + 1 if versions else 0
    while True:
        try:
            return _make(parent / f"version_{number}", exist_ok=False)
        except FileExistsError:  # another run has claimed it in the meantime
            number += 1


def find_checkpoint(options: RunOptions, default_name: str, which: str) -> Path:
    """The ``best`` or ``last`` checkpoint of the newest version that has one.

    Raises:
        InputError: no version has one.
    """
    parent = Path(options.root) / (options.name or default_name)
    for number in reversed(_versions(parent)):
        if (path := parent / f"version_{number}" / "checkpoints" / f"{which}.ckpt").is_file():
            return path
    raise InputError(f"there is no {which}.ckpt under {parent}; run fit first, or give --ckpt_path a file")


def run_loggers(folder: Path) -> list[Logger]:
    """TensorBoard and CSV, both in ``folder`` itself."""
    return [
        TensorBoardLogger(str(folder), name="", version="", default_hp_metric=False),
        CSVLogger(str(folder), name="", version=""),
    ]


def _is_first_process() -> bool:
    rank: int = getattr(rank_zero_only, "rank", 0)
    return rank == 0


def _versions(parent: Path) -> list[int]:
    suffixes = (path.name.removeprefix("version_") for path in parent.glob("version_*"))
    return sorted(int(suffix) for suffix in suffixes if suffix.isdigit())


def _make(folder: Path, exist_ok: bool = True) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=exist_ok)
    except FileExistsError:
        raise
    except OSError as error:
        raise InputError(f"cannot make the run folder {folder} ({error.strerror}); give another --run.root") from error
    return folder
