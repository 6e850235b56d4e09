"""The report is what people read: it must be whole, safe to open, and say what is missing."""

import csv
import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image

from benchmark_lightning.__main__ import main
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.figures.registry import plots
from benchmark_lightning.report.figures.style import DARK_INK, INK
from benchmark_lightning.report.page.document import write_report
from tests.report.made import CONTENDED, network, svm, write, write_published

HOSTILE = (
    '<script>alert("1")</script> [x](javascript:alert(1)) ![y](http://e.vil/z.png) | $\\frac{ `code` {{ 7 * 7 }} \n# h'
)


def test_every_figure_is_there_as_png_and_svg(report, study):
    for plot in plots(Evidence.of(study)):
        svg = (report / "figures" / f"{plot.name}.svg").read_text(encoding="utf-8")
        ElementTree.fromstring(svg)  # it is our own
        assert DARK_INK in svg
        assert svg.count(INK) == 1  # in the rule for light pages alone
        with Image.open(report / "figures" / f"{plot.name}.png") as picture:
            assert picture.width > 300


def test_the_page_stands_alone(report, study):
    page = (report / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml;base64,") == len(plots(Evidence.of(study)))
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "<script" not in page
    for heading in (
        "Answers",
        "What was run",
        "Networks and their hyperparameters",
        "Classical methods",
        "Hardware",
        "Conclusion",
        "What is missing",
        "Machines and software",
    ):
        assert heading in page


def test_results_have_a_row_for_each_record(report, study):
    with (report / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(list(study.glob("*/*/record.json")))
    by_key = {row["key"]: row for row in rows}
    record = json.loads(next(study.glob("classical/*/record.json")).read_text(encoding="utf-8"))
    assert float(by_key[record["key"]]["test_accuracy"]) == record["metrics"]["test/accuracy"]


def test_claims_are_there_for_programs(report):
    claims = json.loads((report / "claims.json").read_text(encoding="utf-8"))
    assert [claim["number"] for claim in claims] == list(range(1, 10))
    assert {"statement", "section", "published", "verdict", "findings"} <= claims[0].keys()
    assert {"what", "estimate", "region", "verdict"} <= claims[0]["findings"][0].keys()


def test_the_failure_is_told(report):
    text = (report / "report.md").read_text(encoding="utf-8")
    assert "| 1 | diverged | the loss is nan |" in text
    assert "1 diverged" in text


def test_accuracies_beside_printed_ones_are_those_of_the_published_split(tmp_path):
    records = [svm(strength=10.0, split="standard", accuracy=0.8972), svm(strength=10.0, accuracy=0.8899)]
    write_report(Evidence.of(write_published(records, tmp_path / "records")), tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    section = text[text.index("## Compared with printed accuracies") : text.index("## What is missing")]
    assert "89.72 %" in section
    assert "89.70 %" in section
    assert "88.99 %" not in section


def test_two_machines_have_a_column_each(evidence_of, tmp_path):
    here = [
        network(arch=arch, steps=60, repeat=r, rate=700.0 + r, precision="32-true")
        for arch in ("resnet18", "resnet50")
        for r in range(3)
    ]
    there = [
        network(arch=arch, steps=60, repeat=r, rate=900.0 + r, precision="32-true")
        for arch in ("resnet18", "resnet50")
        for r in range(3)
    ]
    for record in there:
        record.environment |= {"machine": "machine B", "device": "Other CPU"}
        record.started_at = "2026-01-02"
    evidence = evidence_of(here)
    evidence = Evidence.of(write(here, tmp_path / "here"), write(there, tmp_path / "there"))
    write_report(evidence, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "Test CPU, 8 threads |" in text
    assert "Other CPU, 8 threads |" in text
    assert not any(speedup.is_paired for speedup in evidence.speedups)


def hostile_record():
    record = network(error=HOSTILE, status="ok")
    record.config["model"] |= {"arch": HOSTILE, "optimizer": HOSTILE, HOSTILE: HOSTILE}
    record.data["name"] = HOSTILE
    record.environment |= {"machine": HOSTILE, "device": HOSTILE, "code": HOSTILE}
    return record


def test_hostile_names_are_text(tmp_path):
    failed = network(status="failed", error=HOSTILE, metrics={})
    records = [hostile_record(), failed, *(network(seed=seed) for seed in range(2))]
    timed = network(steps=60)
    timed.config["model"]["optimizer"] = HOSTILE
    folder = write([*records, timed], tmp_path / "records")
    (folder / "resnet18\n<b>").mkdir()
    write_report(Evidence.of(folder), tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "e.vil" in page  # it is told, as text
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "49" not in re.sub(r"49,000|base64,\S+", "", page)  # nothing is computed
    assert page.count("<h1>") == 1


@pytest.mark.parametrize(
    "records",
    [
        [network(status="failed", error="broken", metrics={}, curves=[], clocks={}, throughput={})],
        [network(status="skipped", error="no GPU", metrics={}, curves=[], clocks={}, throughput={}, environment={})],
        [network(metrics={}, clocks={}, complexity={}, throughput={}, environment={}, curves=[])],
        [svm()],
        [network(steps=60)],
        [network(), svm(), network(steps=60)],
        [network(dataset="Digits", accuracy=1.0), network(dataset="Digits", seed=1, accuracy=1.0)],
        [svm(data={"name": "FashionMNIST"})],
        [network(), network(seed=1, curves=[{"val/accuracy": 0.9}]), network(dataset="MNIST", curves=[])],
        [network(), network(status="failed", error="\ud800 \x01", metrics={}, data={}, curves=[])],
        [
            network(batch_size=b, arch=a, steps=60, fraction=f)
            for b in (16, 64)
            for a in ("resnet18", "resnet50")
            for f in (0.1, 1.0)
        ],
    ],
    ids=[
        "failed",
        "skipped",
        "bare",
        "one SVM",
        "one timed",
        "one of each",
        "perfect",
        "unknown data",
        "odd curves",
        "odd characters",
        "kinds of work",
    ],
)
def test_whatever_part_of_the_study_there_is_makes_a_report(records, tmp_path, capsys):
    folder = write_published(records, tmp_path / "records")
    assert main(["report", str(folder)]) == 0
    assert "not measured" in capsys.readouterr().out
    text = (folder / "report" / "report.md").read_text(encoding="utf-8")
    assert "Not measured; its records come from" in text
    assert "nan" not in text.replace("the loss is nan", "")


def test_bad_input_is_one_sentence(complaint, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "there is no folder" in complaint("report", "nowhere")
    assert "no readable record" in complaint("report", "empty")
    assert "the following arguments are required" in complaint("report")
    write([network()], tmp_path / "records")
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "cannot write the report" in complaint("report", "records", "--out", "file/inside")
    assert "no block" in complaint("report", "records", "--readme", "file")
    assert "cannot be read" in complaint("report", "records", "--readme", "nothing.md")


def test_the_report_needs_no_torch(tmp_path):
    write_published([network(), svm(), network(steps=60)], tmp_path / "records")
    program = (
        "import sys; from benchmark_lightning.__main__ import main; "
        "code = main(['report', 'records']); "
        "assert 'torch' not in sys.modules and 'lightning' not in sys.modules; sys.exit(code)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "the claims of the study" in result.stdout


def test_a_study_whose_every_time_was_disturbed_has_a_report_of_its_accuracies(tmp_path):
    records = [
        network(contention=CONTENDED), network(steps=60, contention=CONTENDED),
        *(svm(kernel=kernel, fraction=part, contention=CONTENDED) for kernel in ("rbf", "poly") for part in (0.25, 0.5, 1.0)),
    ]  # fmt: skip
    write_report(Evidence.of(write(records, tmp_path / "records")), tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "Others used the processor during 8 trials" in text
    assert "92.00 %" in text
