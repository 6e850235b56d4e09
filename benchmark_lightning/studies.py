"""A study: several sweeps, one after the other, and the report of their records. Imports no torch."""

from collections.abc import Sequence
from pathlib import Path

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.study.axes import load_yaml, read_sweep
from benchmark_lightning.study.options import study_options
from benchmark_lightning.study.sweep import Options, plan, run_sweep

KEYS = ("sweeps",)


def read_study(path: Path) -> list[Path]:
    """The sweep files of a study, each known to be valid by itself; paths are relative to the study file.

    Raises:
        InputError: what is wrong in which file.
    """
    content = load_yaml(path)
    for key in content:
        if key not in KEYS:
            raise InputError(f"unknown key {key} in {path}; {nearest(str(key), KEYS)}")
    sweeps = content.get("sweeps")
    if not isinstance(sweeps, list) or not sweeps or not all(isinstance(name, str) for name in sweeps):
        raise InputError(f"sweeps is {sweeps!r} in {path}; give a list of sweep files")
    paths = [(path.parent / name).resolve() if not Path(name).is_absolute() else Path(name) for name in sweeps]
    stems = [sweep.stem for sweep in paths]
    for stem in stems:
        if stems.count(stem) > 1:
            raise InputError(f"two sweeps in {path} are named {stem} and would share a folder; rename one of them")
    for sweep in paths:
        read_sweep(sweep)
    return paths


def main(arguments: Sequence[str]) -> int:
    """Runs ``study FILE`` with the options of a sweep, and returns the worst exit code of its sweeps."""
    path, options = study_options(arguments)
    sweeps = read_study(path)
    folder = options.pop("out") or Path("lightning_logs") / path.stem
    if not options["dry_run"]:
        for sweep in sweeps:
            plan(read_sweep(sweep))  # all trials of all sweeps are valid before the first one starts
    command = f"benchmark-lightning study {path} --out {folder}"
    worst = 0
    for sweep in sweeps:
        code = run_sweep(sweep, Options(out=folder / sweep.stem, command=command, **options))
        worst = max(worst, code)
        if code == 130:
            return code
    if not options["dry_run"]:
        from benchmark_lightning.report.report import (
            main as make_report,
        )  # takes a second, and nobody waits for it here

        make_report([str(folder)])
    return worst
