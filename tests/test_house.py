"""The rules of the house: who may import whom, and where things may stand."""

import ast
from pathlib import Path

import pytest

import benchmark_lightning

PACKAGE = Path(benchmark_lightning.__file__).parent
ROOT = Path(__file__).parents[1]
MODULES = sorted(PACKAGE.rglob("*.py"))

# The rooms from the lowest to the highest: a module imports from its own room and from lower ones.
ROOMS = (
    "training", "study", "report.evidence", "report.claims", "report.figures", "report.page", "published", "",
)  # fmt: skip
PICTURE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WITHOUT_TORCH = [
    "__init__.py",
    "__main__.py",
    "arguments.py",
    "errors.py",
    "loading.py",
    "studies.py",
    "yaml_files.py",
    *(f"training/{name}.py" for name in ("contention", "precision", "processor")),
    *(
        f"study/{name}.py"
        for name in (
            "axes",
            "budget",
            "cells",
            "completed",
            "display",
            "executors",
            "labels",
            "options",
            "outcomes",
            "preparation",
            "record",
            "running",
        )
    ),
    *(f"study/{name}.py" for name in ("result", "sweep", "trials/__init__", "trials/kinds", "values")),
    *(str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("report/*/*.py") if path.name != "__init__.py"),
    *(str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("deciding/*.py")),
    *(str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("published/*.py") if path.name != "__init__.py"),
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


def room_of(module: str) -> str | None:
    """The room of a module by its dotted name; None for one outside the package, or in its foundation."""
    inner = module.removeprefix("benchmark_lightning").removeprefix(".")
    if not module.startswith("benchmark_lightning") or inner in ("", "report", "__version__"):
        return None
    if inner.split(".")[0] in FOUNDATION:
        return None
    return next((room for room in ROOMS if room and (inner == room or inner.startswith(f"{room}."))), "")


FOUNDATION = ("errors", "arguments", "yaml_files", "loading")  # every room may use these
OWN = {path: "benchmark_lightning." + path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
       for path in MODULES}  # fmt: skip


def arrows() -> dict[str, set[str]]:
    """Each room with the others that its modules import."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path, module in OWN.items():
        room = room_of(module)
        if room is not None:
            found[room] |= {other for name in imported_modules(path) if (other := room_of(name)) not in (None, room)}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    """An arrow upwards, such as of the engine to the published study, would make two rooms one."""
    room = room_of(OWN[path])
    if room is not None:
        lower = {None, *ROOMS[: ROOMS.index(room) + 1]}
        assert {name for name in imported_modules(path) if room_of(name) not in lower} == set()


def test_the_picture_in_contributing_is_that_of_the_imports():
    drawn = "\n".join(
        f"{room or 'commands':<16} -> {', '.join(other for other in ROOMS if other in others) or 'no other room'}"
        for room, others in arrows().items()
    )
    assert f"```\n{drawn}\n```" in PICTURE, f"CONTRIBUTING.md should show:\n{drawn}"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.is_relative_to(PACKAGE / "report")], ids=lambda path: OWN[path]
)
def test_the_report_reads_records_alone_and_starts_without_torch(path):
    forbidden = {"torch", "lightning", "torchvision", "torchmetrics", "benchmark_lightning.training"}
    assert not imports_any(path, forbidden)
    study = {name for name in imported_modules(path) if name.startswith("benchmark_lightning.study")}
    assert all(name.startswith("benchmark_lightning.study.record") for name in study)


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_what_must_start_at_once_imports_no_torch(name):
    inside = {
        f"benchmark_lightning.{path.relative_to(PACKAGE).with_suffix('').as_posix().replace('/', '.')}"
        for path in MODULES
    }
    with_torch = inside - {f"benchmark_lightning.{name[:-3].replace('/', '.')}" for name in WITHOUT_TORCH}
    with_torch -= {name for name in with_torch if name.endswith(".__init__")}
    assert not imports_any(PACKAGE / name, {"torch", "lightning", *with_torch})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    assert path.stem not in {"utils", "helpers", "common", "misc"}


def test_the_readme_has_a_line_for_every_file():
    tree = (ROOT / "README.md").read_text(encoding="utf-8").partition("## The files")[2]
    assert [str(path) for path in MODULES if path.name != "__init__.py" and path.name not in tree] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_docstrings_begin_with_a_verb_or_a_noun(path):
    assert '"""What ' not in path.read_text(encoding="utf-8")
