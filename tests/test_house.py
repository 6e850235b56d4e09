"""The rules of the house: who may import whom, and where things may stand."""

import ast
from pathlib import Path

import pytest

import benchmark_lightning

PACKAGE = Path(benchmark_lightning.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

FORBIDDEN = {
    "training": {"benchmark_lightning.study", "benchmark_lightning.report"},
    "study": {"benchmark_lightning.report"},
    "report": {
        "benchmark_lightning.training",
        "benchmark_lightning.studies",
        "torch",
        "lightning",
        "torchvision",
        "torchmetrics",
    },
}
WITHOUT_TORCH = [
    "__init__.py",
    "__main__.py",
    "arguments.py",
    "errors.py",
    "loading.py",
    "studies.py",
    *(f"training/{name}.py" for name in ("contention", "precision", "processor")),
    *(f"study/{name}.py" for name in ("axes", "executors", "options", "record", "result", "screen", "state", "sweep")),
    *(str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("report/*.py") if path.name != "__init__.py"),
]


def imported_modules(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imports_any(path: Path, forbidden: set[str]) -> set[str]:
    return {name for name in imported_modules(path) for top in forbidden if name == top or name.startswith(f"{top}.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    wing = path.relative_to(PACKAGE).parts[0]
    assert not imports_any(path, FORBIDDEN.get(wing, set()))


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_what_must_start_at_once_imports_no_torch(name):
    inside = {
        f"benchmark_lightning.{path.relative_to(PACKAGE).with_suffix('').as_posix().replace('/', '.')}"
        for path in MODULES
    }
    with_torch = inside - {f"benchmark_lightning.{name[:-3].replace('/', '.')}" for name in WITHOUT_TORCH}
    with_torch -= {f"benchmark_lightning.{wing}__init__" for wing in ("", "training.", "study.", "report.")}
    assert not imports_any(PACKAGE / name, {"torch", "lightning", *with_torch})


@pytest.mark.parametrize("path", [path for path in MODULES if path.parent.name == "report"], ids=lambda path: path.stem)
def test_the_report_reads_records_alone(path):
    study = {name for name in imported_modules(path) if name.startswith("benchmark_lightning.study")}
    assert all(name.startswith("benchmark_lightning.study.record") for name in study)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    assert path.stem not in {"utils", "helpers", "common", "misc"}
