"""Every config that comes along must be valid, and say what its name says."""

from pathlib import Path

import pytest
import yaml

from benchmark_lightning.__main__ import main

CONFIGS = Path(__file__).parents[1] / "configs"
PARTS = {"data": [], "model": ["--data", "Digits"], "trainer": ["--data", "Digits"], "experiment": []}
FILES = [path for folder in PARTS for path in sorted((CONFIGS / folder).glob("*.yaml"))]


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
