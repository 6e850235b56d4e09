"""The notebooks are the first thing that some people open: they must run from the first cell to the last."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from benchmark_lightning.study.record import FILE_NAME, read_record
from tests.report.made import whole_study, write

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TINY_SWEEP = """
trial: classical
base: [{root}/configs/data/digits.yaml, {root}/configs/estimator/svc.yaml]
axes: {{estimator.kernel: [rbf, poly], data.train_fraction: [0.2]}}
"""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder that looks like a clone of the repository to a notebook."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "clone" / "notebooks")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "clone")
    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):  # otherwise in the home of whoever runs the tests
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    return tmp_path / "clone"


def run(clone, name, parameters):
    """The outputs of a notebook, as text, with its parameters replaced."""
    notebook = nbformat.read(clone / "notebooks" / name, as_version=4)
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(cells) == 1
    cells[0].source = parameters
    for cell in notebook.cells:  # a busy machine is no reason to wait
        cell.source = cell.source.replace('"--out", out]', '"--out", out, "--repeat-contended", "0"]')
    NotebookClient(notebook, timeout=200, resources={"metadata": {"path": str(clone / "notebooks")}}).execute()
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def svgs(outputs):
    return [output for output in outputs if "image/svg+xml" in output.get("data", {})]


@pytest.mark.interpreters
def test_heatmaps(clone):
    write(whole_study(num_seeds=2), clone / "records")
    outputs = run(clone, "heatmaps.ipynb", 'records = ["records"]')
    assert len(svgs(outputs)) == 5


@pytest.mark.interpreters
def test_study(clone):
    (clone / "sweep.yaml").write_text(TINY_SWEEP.format(root=ROOT), encoding="utf-8")
    (clone / "study.yaml").write_text("sweeps: [sweep.yaml]\n", encoding="utf-8")
    outputs = run(clone, "study.ipynb", 'study, out = "study.yaml", "out"')
    text = " ".join(str(output) for output in outputs)
    assert "Which classical method?" in text
    # The kernels, and what they cost; times that others on the processor have disturbed may make no figure.
    is_timed = all(not read_record(path).is_contended for path in (clone / "out").glob(f"*/*/{FILE_NAME}"))
    assert len(svgs(outputs)) in ((2,) if is_timed else (1, 2))
    assert (clone / "out" / "report" / "report.html").is_file()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs_and_call_the_report_alone(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    imported = re.findall(r"(?:from|import) (benchmark_lightning\S*)", "\n".join(cell.source for cell in code))
    assert imported
    assert all(name.startswith("benchmark_lightning.report.") for name in imported)
