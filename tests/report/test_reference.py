"""The reference study in the repository: whoever clones it can hold every number against the records."""

import re
import subprocess
from pathlib import Path

import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.report.evidence.questions import FILE_NAME as QUESTIONS
from benchmark_lightning.report.evidence.questions import questions_of, read_questions
from benchmark_lightning.report.page.blocks import BLOCKS
from benchmark_lightning.study.record import FILE_NAME, read_record
from benchmark_lightning.yaml_files import load_yaml

ROOT = Path(__file__).parents[2]
REFERENCE = Path("lightning_logs/reference")
KEPT = {FILE_NAME, "config.yaml", "metrics.csv"}


@pytest.fixture(autouse=True)
def in_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_report_and_readme_say_what_the_records_say():
    assert main(["verify", str(REFERENCE), "--readme", "README.md"]) == 0


def test_the_readme_leads_with_results_and_a_figure_of_the_report():
    text = Path("README.md").read_text(encoding="utf-8")
    shown = [name for name in BLOCKS if f"<!-- results: {name} from {REFERENCE} -->" in text]
    assert {"claims", "conclusion", "hardware"} <= set(shown)
    figure = text.partition("](lightning_logs/")[2].partition(")")[0]
    assert Path("lightning_logs", figure).is_file()


def test_the_claims_beside_the_records_are_those_of_the_study():
    path = Path("configs/study/reference.yaml")
    asked, kept = read_questions(load_yaml(path), path), questions_of([REFERENCE], None)
    assert (kept.claims, kept.references, kept.figures) == (asked.claims, asked.references, asked.figures)


def test_every_record_names_a_commit_of_this_repository_and_no_folder_of_the_machine_it_was_made_on():
    paths = sorted(REFERENCE.rglob(FILE_NAME))
    assert paths
    codes = set()
    for path in paths:
        record = read_record(path)
        codes.add(record.environment["code"])
        text = "".join((path.parent / name).read_text() for name in KEPT if (path.parent / name).is_file())
        assert not re.search(r"(?<![\w.])/(tmp|home|root|work)/", text)
    assert all(re.fullmatch("git:[0-9a-f]{40}", code) for code in codes)
    if git("rev-parse", "--is-shallow-repository") == "false":  # else the commits are not there to be looked for
        assert all(git("cat-file", "-t", code.removeprefix("git:")) == "commit" for code in codes)


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()


def test_only_small_text_is_kept_of_a_trial():
    tracked = git("ls-files", str(REFERENCE)).split()
    if not tracked:
        pytest.skip("not a clone: git tracks nothing here")
    of_trials = [Path(name) for name in tracked if "/report/" not in name and Path(name).name != QUESTIONS]
    assert {path.name for path in of_trials} <= KEPT
    assert max(path.stat().st_size for path in of_trials) < 20_000
