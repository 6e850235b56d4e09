"""One report of a study made up once, for the tests that only read it."""

import pytest

from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.page.document import write_report
from tests.report.made import network, whole_study, write, write_published


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """The folder of the records of every cell of the study, one of which diverged."""
    diverged = network(
        optimizer="sgd", lr=1e-2, status="diverged", error="the loss is nan", metrics={}, accelerator="cuda"
    )
    return write_published([*whole_study(), diverged], tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def report(study):
    """The folder of its report."""
    write_report(Evidence.of(study), study / "report")
    return study / "report"


@pytest.fixture
def evidence_of(tmp_path):
    """Records -> evidence."""

    def make(records):
        number = len(list(tmp_path.glob("records*")))  # another folder for each call
        return Evidence.of(write(records, tmp_path / f"records{number or ''}"))

    return make
