"""Every config that comes along must be valid, and say what its name says."""

from pathlib import Path

import pytest
import yaml

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.axes import read_sweep
from benchmark_lightning.study.record import FILE_NAME, read_record, trial_key
from benchmark_lightning.study.trials.classical_plan import classical_parser, parse
from benchmark_lightning.training.cli import network_parser

REFERENCE = Path(__file__).parents[1] / "lightning_logs" / "reference"
CONFIGS = Path(__file__).parents[1] / "configs"
PARTS = {"data": [], "model": ["--data", "Digits"], "trainer": ["--data", "Digits"], "experiment": []}
FILES = [path for folder in PARTS for path in sorted((CONFIGS / folder).glob("*.yaml"))]
SWEEPS = sorted((CONFIGS / "sweep").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_config_is_valid(path, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["fit", "--config", str(path), *PARTS[path.parent.name], "--print_config"])
    assert leaving.value.code == 0
    config = yaml.safe_load(capsys.readouterr().out)
    if path.parent.name == "data":
        assert config["data"]["class_path"].split(".")[-1].lower() == path.stem.replace("_", "")
    if path.parent.name == "model":
        assert config["model"]["arch"] == path.stem


def test_the_configs_that_must_exist_do():
    names = {f"{path.parent.name}/{path.stem}" for path in FILES}
    assert {f"data/{name}" for name in ("mnist", "fashion_mnist", "kmnist", "digits")} <= names
    assert {f"model/{name}" for name in ("resnet18", "resnet34", "resnet50")} <= names


def configurations(sweep):
    """The identities of a classical sweep's configurations; no data are read."""
    parser = classical_parser()
    return [parse(parser, sweep.arguments(cell))[0] for cell in sweep.cells()]


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_sweep_is_valid(path):
    sweep = read_sweep(path)
    if sweep.trial == "classical":
        assert len({str(config) for config in configurations(sweep)}) == len(sweep.cells())
    else:
        for cell in (sweep.cells()[0], sweep.cells()[-1]):
            network_parser().parse_args(sweep.arguments(cell))


@pytest.mark.parametrize("path", sorted((CONFIGS / "estimator").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_estimator_is_valid(path):
    config, _ = parse(classical_parser(), ["--data", "Digits", "--config", str(path)])
    assert config["estimator"]["class_path"].split(".")[-1].lower() == path.stem


def test_the_sweeps_of_svms_know_the_records_that_were_made_before_there_were_other_methods():
    paths = list(REFERENCE.rglob(FILE_NAME))
    records = [record for record in map(read_record, paths) if record.kind == "classical"]
    fingerprints = {record.config["data"]["class_path"]: record.data["fingerprint"] for record in records}
    planned = {
        trial_key(config, fingerprints[config["data"]["class_path"]], repeat)
        for name in ("svm", "svm_folds", "svm_standard", "svm_learning_curve")
        for sweep in (read_sweep(CONFIGS / "sweep" / f"{name}.yaml"),)
        for config in configurations(sweep)
        for repeat in range(sweep.repeats)
    }
    of_intelex = [record for record in records if record.engine == "scikit-learn-intelex"]
    assert len(of_intelex) > 30
    if any(
        config["engine"] == "scikit-learn-intelex" for config in configurations(read_sweep(CONFIGS / "sweep/svm.yaml"))
    ):
        assert {record.key for record in of_intelex} <= planned, "they would all be run again"
