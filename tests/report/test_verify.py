"""A number that has drifted from its records must not stay in a report or a README."""

import base64
import contextlib
import json
import re
import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from benchmark_lightning.__main__ import main
from benchmark_lightning.report.page.contradictions import contradictions
from benchmark_lightning.study.outcomes import unpack
from benchmark_lightning.study.record import read_record
from tests.report.made import network, svm, write, write_published

README = """# A study

<!-- results: claims from records -->
<!-- end of results -->

Words stay.

<!-- results: hardware from records -->
old
<!-- end of results -->

<!-- results: claims from elsewhere -->
untouched
<!-- end of results -->
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Records with their report, and a README whose tables were made from them: for all tests, none of which changes it."""
    folder = tmp_path_factory.mktemp("made")
    records = [network(seed=seed, accuracy=0.92 + seed / 1000) for seed in range(2)]
    write_published(
        [*records, svm(), network(steps=60), network(steps=60, accelerator="cuda", rate=9e3)], folder / "records"
    )
    (folder / "README.md").write_text(README, encoding="utf-8")
    with contextlib.chdir(folder):
        assert main(["report", "records", "--readme", "README.md"]) == 0
    return folder


@pytest.fixture
def committed(made, tmp_path):
    """A copy of them in the working directory."""
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def verify(*more):
    return main(["verify", "records", "--readme", "README.md", *more])


def test_what_was_made_from_the_records_is_verified(committed, capsys):
    assert verify() == 0
    assert "what the records say" in capsys.readouterr().out
    text = (committed / "README.md").read_text(encoding="utf-8")
    assert "| 1 | ResNet-18 with Adam" in text
    assert "Words stay." in text
    assert "untouched" in text
    assert "\nold\n" not in text


FILES = ("report.md", "report.html", "claims.json", "results.csv", "figures/accuracy.csv", "../../README.md")


def change_a_digit(path):
    text = path.read_text(encoding="utf-8")
    where = re.search(r"0\.92|92\.\d\d|3\.8\d|0\.8\d", text).end() - 1
    path.write_text(text[:where] + str((int(text[where]) + 1) % 10) + text[where + 1 :], encoding="utf-8")


def change_a_pixel(path):
    """And keeps what is written inside."""
    texts = PngImagePlugin.PngInfo()
    with Image.open(path) as picture:
        for name in picture.text:
            texts.add_text(name, picture.text[name])
        picture.putpixel((9, 9), (254, 255, 255))
        picture.save(path, pnginfo=texts)


def test_one_changed_digit_is_found_in_every_file_and_figure(committed, capsys):
    report = committed / "records" / "report"
    for name in FILES:
        change_a_digit(report / name)
    path = report / "figures" / "classical_accuracy.svg"
    path.write_text(path.read_text(encoding="utf-8").replace("M 1", "M 2", 1), encoding="utf-8")
    change_a_pixel(report / "figures" / "frontier.png")
    (report / "figures" / "figure99.svg").write_text("<svg/>", encoding="utf-8")
    capsys.readouterr()
    assert verify() == 1
    lines = capsys.readouterr().out.splitlines()
    for name in (*FILES, "classical_accuracy.svg", "frontier.png", "figure99.svg"):
        assert any((name.rpartition("/")[2] or name).removesuffix(".svg") in line for line in lines), name


def test_a_changed_record_and_a_missing_file_are_found(committed, capsys):
    """The record in itself, since its derived values disagree, and in the report."""
    path = next((committed / "records").glob("hyperparameters/*/record.json"))
    record = json.loads(path.read_text(encoding="utf-8"))
    record["metrics"]["test/accuracy"] = 0.99999
    path.write_text(json.dumps(record), encoding="utf-8")
    (committed / "records" / "report" / "claims.json").unlink()
    capsys.readouterr()
    assert verify() == 1
    out = capsys.readouterr().out
    assert f"{path.relative_to(committed)}: its test accuracy is no whole number" in out
    assert "report.md, line" in out
    assert "claims.json: cannot be read" in out


def test_another_fourth_digit_of_one_accuracy_is_named_in_all_that_was_made_from_it(committed, capsys):
    """The record agrees with itself: another whole number of images, as many of them right, its key untouched."""
    path = next((committed / "records").glob("hyperparameters/*/record.json"))
    content = json.loads(path.read_text(encoding="utf-8"))
    was = content["metrics"]["test/accuracy"]
    content["metrics"]["test/accuracy"] = is_now = (round(was * 14_000) + 2) / 14_000
    outcomes = unpack(content["outcomes"]["test"])
    outcomes.correct[np.flatnonzero(~outcomes.correct)[:2]] = True
    content["outcomes"]["test"]["correct"] = base64.b64encode(np.packbits(outcomes.correct).tobytes()).decode()
    assert f"{was:.3f}" == f"{is_now:.3f}"
    assert f"{was:.4f}" != f"{is_now:.4f}"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert contradictions(read_record(path)) == []
    capsys.readouterr()
    assert verify() == 1
    out = capsys.readouterr().out
    assert f"hyperparameters/{path.parent.name}: test_accuracy is {was}, from the records {is_now}" in out
    assert re.search(
        r"accuracy.csv, panel 1 \(FashionMNIST 49,000 training images means of 2 runs\), interval of resnet18: "
        r"x is 0\.9205, from the records 0\.92057\d",
        out,
    )
    for name in (
        "report.md, line",
        "report.html, line",
        "claims.json, line",
        "dynamics.csv",
    ):
        assert name in out
    for name in ("accuracy.svg", "accuracy.png"):
        assert f"{name}: it was drawn from other data" in out


def test_a_figure_in_the_place_of_another_is_found(committed, capsys):
    figures = committed / "records" / "report" / "figures"
    for kind in ("svg", "png"):
        shutil.copy(figures / f"frontier.{kind}", figures / f"classical_frontier.{kind}")
    assert verify() == 1
    out = capsys.readouterr().out
    for kind in ("svg", "png"):
        assert f"classical_frontier.{kind}: it was drawn from other data" in out


def test_rows_that_are_missing_or_too_many_are_counted(committed, capsys):
    path = committed / "records" / "report" / "figures" / "accuracy.csv"
    path.write_text(path.read_text(encoding="utf-8") + "1,point,,0,,,0,,,,\n", encoding="utf-8")
    assert verify() == 1
    num_rows = path.read_text(encoding="utf-8").count("\n")
    assert f"accuracy.csv: it has {num_rows} rows, the records give {num_rows - 1}" in capsys.readouterr().out


def test_without_a_report_there_is_nothing_to_verify(complaint, tmp_path):
    write([network()], tmp_path / "records")
    assert "there is no report in records/report" in complaint("verify", "records")


@pytest.mark.parametrize(
    "text",
    [
        "no blocks, 99.9 %",
        README.replace("from records", "from bsae"),
        "<!-- results: claims from bsae -->\n<!-- end of results -->",
    ],
)
def test_a_readme_that_was_not_checked_does_not_pass(committed, text, capsys):
    (committed / "README.md").write_text(text, encoding="utf-8")
    assert verify() == 1
    assert "no block of results from records" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", [README.replace("<!-- end of results -->", "", 1), README.replace("results: ", "results:  ")]
)
def test_a_block_that_is_not_whole_is_named(complaint, committed, text):
    (committed / "README.md").write_text(text, encoding="utf-8")
    assert "not whole" in complaint("verify", "records", "--readme", "README.md")


def test_pictures_put_in_the_place_of_figures_are_found(committed, capsys):
    report = committed / "records" / "report"
    page = (report / "report.html").read_text(encoding="utf-8")
    forged = base64.b64encode(b"<svg>SGD 99 %</svg>").decode()
    (report / "report.html").write_text(
        re.sub("base64,[A-Za-z0-9+/=]+", f"base64,{forged}", page, count=1), encoding="utf-8"
    )
    (report / "figures" / "classical_accuracy.png").write_bytes(b"x")
    broken = (report / "figures" / "frontier.png").read_bytes()
    (report / "figures" / "frontier.png").write_bytes(broken[:5000] + b"x" + broken[5001:])
    (report / "figures" / "classical_frontier.svg").write_text("<svg/>", encoding="utf-8")
    assert verify() == 1
    out = capsys.readouterr().out
    assert "report.html: its figures are not those" in out
    assert "classical_accuracy.png" in out
    assert "frontier.png" in out
    assert "classical_frontier.svg" in out


def test_a_persons_own_style_of_figures_changes_nothing(committed, monkeypatch):
    monkeypatch.setitem(matplotlib.rcParams, "lines.markersize", 9)
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 14)
    assert verify() == 0


def test_a_block_that_is_only_spoken_of_is_none(committed):
    path = committed / "README.md"
    path.write_text(
        path.read_text(encoding="utf-8") + "\nWrite `<!-- results: claims from lightning_logs/reference -->`.\n",
        encoding="utf-8",
    )
    assert verify() == 0


def test_an_unknown_block_names_the_nearest(complaint, committed):
    text = README.replace("hardware from", "hardwear from")
    (committed / "README.md").write_text(text, encoding="utf-8")
    assert "did you mean 'hardware'?" in complaint("verify", "records", "--readme", "README.md")


def test_an_accuracy_that_the_images_of_its_record_do_not_give_is_found(committed, capsys):
    path = next((committed / "records").glob("hyperparameters/*/record.json"))
    content = json.loads(path.read_text(encoding="utf-8"))
    content["metrics"]["test/accuracy"] += 2 / 14_000
    path.write_text(json.dumps(content), encoding="utf-8")
    assert verify() == 1
    assert f"{path.relative_to(committed)} is damaged: by its outcomes the test accuracy is" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"key": "0"}, "key"),
        ({"metrics": {"test/accuracy": 0.92003, "val/accuracy": 0.92}}, "no whole number"),
        ({"metrics": {"test/accuracy": 0.92, "val/accuracy": 0.99}}, "validation accuracy"),
        ({"clocks": {"fit_seconds": 1.0}}, "seconds of training"),
        ({"throughput": {"images_per_second": [1.0, 2.0, 9.0], "median_images_per_second": 9.0}}, "median"),
    ],
)
def test_a_record_that_contradicts_itself_is_found(change, sentence):
    assert sentence in " ".join(contradictions(network(**change)))


def test_a_record_with_odd_rows_is_named_and_stops_nothing(committed, capsys):
    write([network(seed=9, curves=[{"val/accuracy": 0.9}])], committed / "records")
    rates = {"images_per_second": [None, 3.0], "median_images_per_second": 3.0}
    write([network(seed=10, throughput=rates)], committed / "records")
    assert verify() == 1
    assert "it cannot be checked (KeyError" in capsys.readouterr().out


def test_sound_records_contradict_nothing():
    for record in (network(), svm(), network(steps=60), network(status="failed", metrics={}, curves=[])):
        assert contradictions(record) == []
