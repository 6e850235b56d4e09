"""A study: several sweeps, one after the other, what it asks of them, and the report. Imports no torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.report.evidence.questions import (
    FILE_NAME,
    QUESTION_KEYS,
    Questions,
    read_questions,
    write_questions,
)
from benchmark_lightning.study.axes import Planned, read_sweep
from benchmark_lightning.study.options import study_options
from benchmark_lightning.study.sweep import Options, plan, run_sweep, show_plan
from benchmark_lightning.yaml_files import load_yaml

KEYS = ("sweeps", *QUESTION_KEYS)


class Study(NamedTuple):
    """A study file.

    Args:
        sweeps: files, each known to be valid by itself.
        questions: claims, printed values and figures of its own.
    """

    sweeps: list[Path]
    questions: Questions


def read_study(path: Path) -> Study:
    """Reads a study file; paths are relative to it.

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
    return Study(paths, read_questions(content, path))


def check_questions(questions: Questions, trials: Sequence[Planned]) -> None:
    """Raises ``InputError`` for a claim or a figure that is not valid, or a claim about what no trial trains."""
    from benchmark_lightning.deciding.needs import describe  # pandas takes a second
    from benchmark_lightning.report.claims.definition import check_selections, read_claims
    from benchmark_lightning.report.figures.registry import study_plots

    check_selections(read_claims(questions), [describe(trial) for trial in trials], questions.path)
    study_plots(questions)


def main(arguments: Sequence[str]) -> int:
    """Runs ``study FILE`` with the options of a sweep, and returns the worst exit code of its sweeps."""
    path, options = study_options(arguments)
    is_until_decided, budget = options.pop("until_decided"), options.pop("budget")
    study = read_study(path)
    folder = options.pop("out") or Path("lightning_logs") / path.stem
    from benchmark_lightning.deciding import command  # pandas takes a second
    from benchmark_lightning.deciding.course import Way
    from benchmark_lightning.deciding.prospect import prospect

    if is_until_decided:
        command.check_decidable(study.questions)
    planned = [(sweep, plan(sweep)) for sweep in map(read_sweep, study.sweeps)]
    check_questions(study.questions, [trial for _, trials in planned for trial in trials])  # before the first starts
    before = prospect(study.questions, folder, planned)
    num_jobs = options["jobs"] or min(sweep.jobs for sweep, _ in planned)
    if options["dry_run"]:
        for place, (_, trials) in zip(before.places, planned, strict=True):
            show_plan(place, trials, Options(**options))
        command.print_costs(before, num_jobs, is_until_decided)
        return 0
    if (folder / FILE_NAME).resolve() == path.resolve():
        raise InputError(f"the claims of {path} would be written over it; give another --out")
    write_questions(study.questions, folder)
    again = f"benchmark-lightning study {path} --out {folder}"
    if is_until_decided:
        way = Way(path, num_jobs, options["retry_failed"], options["repeat_contended"])
        code = command.run_until_decided(before, way, budget, f"{again} --until-decided")
    else:
        code = _run(study, Options(out=folder, command=again, **options))
    if code != 130:
        from benchmark_lightning.report.page.report import main as make_report

        make_report([str(folder), "--study", str(path)])
        command.tell_times(prospect(study.questions, folder, planned))
    return code


def _run(study: Study, options: Options) -> int:
    """Runs the sweeps, one after the other, and returns the worst of their exit codes."""
    assert options.out is not None
    worst = 0
    for sweep in study.sweeps:
        code = run_sweep(sweep, options._replace(out=options.out / sweep.stem))
        worst = max(worst, code)
        if code == 130:
            break
    return worst
