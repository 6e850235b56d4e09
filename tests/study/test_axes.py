"""A sweep file must mean what it says, or be refused with the file, the key and the way out."""

from pathlib import Path

import pytest

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.axes import read_sweep

GOOD = """
trial: network
base: [data.yaml]
axes:
  model.arch: [resnet18, resnet50]
  model.lr: [1.0e-3, 1.0e-4]
  seed_everything: [0, 1, 2]
"""


def sweep(text: str = GOOD, **files: str):
    Path("data.yaml").write_text("data: Digits\n")
    Path("sweep.yaml").write_text(text)
    for name, content in files.items():
        Path(f"{name}.yaml").write_text(content)
    return read_sweep(Path("sweep.yaml"))


def test_the_trials_are_all_combinations_the_first_axis_slowest():
    cells = sweep().cells()
    assert len(cells) == 2 * 2 * 3
    assert cells[0] == {"model.arch": "resnet18", "model.lr": 1e-3, "seed_everything": 0}
    assert [cell["model.arch"] for cell in cells] == ["resnet18"] * 6 + ["resnet50"] * 6


def test_a_combination_becomes_the_flags_of_fit():
    read = sweep(GOOD.replace("model.arch: [resnet18, resnet50]", "model.fused: [true]\n  data.class_path: [Digits]"))
    arguments = read.arguments(read.cells()[0])
    assert arguments[0] == "--config"
    assert Path(arguments[1]) == Path("data.yaml").resolve()
    assert arguments[2:4] == ["--data.class_path", "Digits"], "the class before its arguments"
    assert arguments[4:] == ["--model.fused", "true", "--model.lr", "0.001", "--seed_everything", "0"]


def test_a_class_with_its_arguments_is_a_value_and_comes_before_arguments_of_its_own():
    read = sweep(
        "trial: network\nbase: [data.yaml]\naxes:\n  model.network.init_args.width: [1e1]\n"
        "  model.network: [{class_path: mine.CNN, init_args: {rate: 1e-3}}, mine.MLP]\n"
        "exclude: [{model.network: {class_path: mine.CNN, init_args: {rate: 1e-3}}}]\n"
    )
    [cell] = read.cells()
    assert read.axes["model.network"][0] == {"class_path": "mine.CNN", "init_args": {"rate": 0.001}}, "a number"
    assert read.arguments(cell)[2:] == ["--model.network", "mine.MLP", "--model.network.init_args.width", "10.0"]


def test_excluded_combinations_are_left_out():
    read = sweep(GOOD + "exclude:\n  - {model.arch: resnet50, model.lr: 1.0e-3}\n  - {seed_everything: 2}\n")
    cells = read.cells()
    assert len(cells) == (12 - 3) - (2 + 1)
    assert {"model.arch": "resnet50", "model.lr": 1e-3, "seed_everything": 0} not in cells
    assert all(cell["seed_everything"] != 2 for cell in cells)


def test_a_sweep_can_start_from_another():
    read = sweep(
        "base: [inner.yaml, more.yaml]\naxes:\n  model.lr: [0.1]\nrepeats: 2\n", inner=GOOD, more="data: MNIST\n"
    )
    assert [path.name for path in read.base] == ["data.yaml", "more.yaml"]
    assert read.axes["model.lr"] == [0.1]
    assert read.axes["model.arch"] == ["resnet18", "resnet50"]
    assert (read.trial, read.repeats) == ("network", 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (GOOD + "axis: {}\n", "unknown key axis in sweep.yaml; did you mean 'axes'?"),
        (GOOD.replace("trial: network", "trial: netwrok"), "trial is 'netwrok' in sweep.yaml; did you mean 'network'?"),
        (GOOD.replace("trial: network", "trial: resnet"), "trial is 'resnet' in sweep.yaml; it is now called network"),
        (
            GOOD.replace("trial: network", "trial: svm"),
            "it is now called classical, which starts from configs/estimator/",
        ),
        (GOOD.replace("trial: network\n", ""), "sweep.yaml has no trial; give trial: network or trial: classical"),
        (GOOD.replace("[0, 1, 2]", "[]"), "axis seed_everything is empty in sweep.yaml"),
        (GOOD.replace("[0, 1, 2]", "0"), "axis seed_everything is 0 in sweep.yaml; give a list"),
        (GOOD.replace("[0, 1, 2]", "[0, 1, 0]"), "axis seed_everything holds 0 twice in sweep.yaml"),
        (
            GOOD.replace("[0, 1, 2]", "[[0], 1]"),
            "axis seed_everything holds [0] in sweep.yaml; give single values, or class",
        ),
        (GOOD.replace("data.yaml", "missing.yaml"), "base in sweep.yaml names missing.yaml, but there is no file"),
        (GOOD.replace("[data.yaml]", "data.yaml"), "base is 'data.yaml' in sweep.yaml; give a list"),
        (GOOD.replace("base: [data.yaml]\n", ""), "sweep.yaml has no base"),
        ("trial: network\nbase: [data.yaml]\n", "sweep.yaml has no axes"),
        (GOOD + "exclude: [{model.ach: resnet18}]\n", "exclude in sweep.yaml names model.ach, which is no axis"),
        (GOOD + "exclude: [{model.arch: resnet18}, {model.arch: resnet50}]\n", "leaves no trial over"),
        (GOOD + "exclude: [{model.arch: resnet81}]\n", "names model.arch: 'resnet81', which is no value of that axis"),
        (GOOD + "timeout_seconds: .nan\n", "timeout_seconds is nan in sweep.yaml"),
        (GOOD.replace("axes:", "axes:\n  5: [1]"), "axes in sweep.yaml has the key 5"),
        (GOOD + "repeats: 0\n", "repeats is 0 in sweep.yaml"),
        (GOOD + "jobs: two\n", "jobs is 'two' in sweep.yaml"),
        (GOOD + "timeout_seconds: -1\n", "timeout_seconds is -1 in sweep.yaml"),
        (GOOD + "breakdown: maybe\n", "breakdown is 'maybe' in sweep.yaml"),
        ("- a\n- b\n", "sweep.yaml holds no keys"),
        ("", "sweep.yaml holds no keys"),
        ("trial: [\n", "sweep.yaml is not valid YAML"),
    ],
)
def test_what_is_wrong_is_named(text, sentence):
    with pytest.raises(InputError) as error:
        sweep(text)
    assert sentence in str(error.value)


def test_a_cycle_is_named():
    with pytest.raises(InputError, match=r"leads back to itself \(sweep\.yaml -> inner\.yaml -> sweep\.yaml\)"):
        sweep("base: [inner.yaml]\naxes: {}\n", inner="base: [sweep.yaml]\naxes: {}\n")


def test_a_missing_file_is_named():
    with pytest.raises(InputError, match=r"there is no file nowhere\.yaml"):
        read_sweep(Path("nowhere.yaml"))
