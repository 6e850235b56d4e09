"""An axis, a claim and a figure of one's own take files of a person's own, and none of the package."""

import json
import re
import shutil
from pathlib import Path

import pytest

from benchmark_lightning.__main__ import main

HERE = Path(__file__).parent
FILES = ("own_study.yaml", "own_sweep.yaml", "own_base.yaml", "own_figure.py")


@pytest.fixture
def own(tmp_path, monkeypatch):
    for name in FILES:
        shutil.copy(HERE / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_an_axis_a_claim_and_a_figure_of_ones_own_are_in_the_report(own):
    assert main(["study", "own_study.yaml", "--out", "out", "--repeat-contended", "0"]) == 0
    (claim,) = json.loads((own / "out/report/claims.json").read_text(encoding="utf-8"))
    assert claim["verdict"] == "holds"
    text = (own / "out/report/report.md").read_text(encoding="utf-8")
    assert "| estimator.C | classical methods | 1e-05, 0.01, 1 |" in text
    assert "LogisticRegression, C 1," in text  # the best one, by what varied
    assert "Accuracy by the strength of the regularisation" in text
    assert (own / "out/report/figures/accuracy_by_c.csv").is_file()
    assert main(["verify", "out", "--study", "own_study.yaml"]) == 0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("estimator.C: 1.0e-5}", "estimator.D: 1.0e-5}", "names estimator.D"),
        ("estimator.C: 1.0e-5}", "estimator.C: 7}", "which no trial of its sweeps has"),
        ("compare: difference", "compare: diference", "did you mean 'difference'?"),
        ("own_figure:draw", "own_figure:drow", "cannot be found"),
        ("section: classical", "section: classic", "did you mean 'classical'?"),
    ],
)
def test_a_mistake_in_a_study_costs_no_trial(own, capsys, old, new, sentence):
    text = (own / "own_study.yaml").read_text(encoding="utf-8")
    (own / "own_study.yaml").write_text(text.replace(old, new), encoding="utf-8")
    assert main(["study", "own_study.yaml", "--out", "out"]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(own.glob("out/*/*/record.json"))


def test_the_page_counts_the_lines_of_its_files():
    page = (HERE.parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if "tests/extending/" in line and line.startswith("|")]
    counted = {}
    for row in rows:
        files = re.findall(r"tests/extending/(\w+\.\w+)", row[2])
        counted[tuple(files)] = int(row[4]), sum(len((HERE / name).read_text().splitlines()) for name in files)
    claim, figure = counted.pop(("own_study.yaml",)), counted.pop(("own_figure.py",))
    study = (HERE / "own_study.yaml").read_text(encoding="utf-8")
    of_claim, of_figure = (part.count("\n") for part in re.split(r"^(?:claims|figures):\n", study, flags=re.M)[1:])
    assert claim[0] == of_claim
    assert figure[0] == figure[1] + of_figure
    assert all(told == true for told, true in counted.values()), counted


def test_a_study_is_not_written_over_itself(own, capsys):
    (own / "own_study.yaml").rename(own / "study.yaml")
    assert main(["study", "study.yaml", "--out", "."]) == 2
    assert "give another --out" in capsys.readouterr().err
    assert "sweeps" in (own / "study.yaml").read_text(encoding="utf-8")
