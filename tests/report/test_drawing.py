"""Figures drawn by several processes: the same files, and an error as without them."""

import os
import signal
import sys

import pytest
from matplotlib.figure import Figure

from benchmark_lightning.report.figures import drawing
from benchmark_lightning.report.figures.registry import Plot

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="figures are drawn in forks on Linux alone")
TEST_PROCESS = os.getpid()


def line(number):
    figure = Figure()
    figure.subplots().plot([0, 1], [0, number])
    return figure


def nothing(evidence):
    return None


def fails(evidence):
    raise ValueError("no colour for this")


def dies_in_a_fork(evidence):
    if os.getpid() != TEST_PROCESS:
        os.kill(os.getpid(), signal.SIGKILL)
    return line(7)


@pytest.fixture
def draw(monkeypatch, tmp_path):
    """Draws with so many processes and returns name -> SVG and the bytes of the files."""

    def call(num_processes, *functions):
        plots = [Plot(f"plot{number}", "networks", "", "", draw, "") for number, draw in enumerate(functions)]
        monkeypatch.setattr(drawing, "plots", lambda evidence: plots)
        monkeypatch.setattr(drawing, "num_processes", lambda num_plots: num_processes)
        folder = tmp_path / str(num_processes)
        folder.mkdir()
        drawn = drawing.save_figures(None, folder)
        return drawn, {path.name: path.read_bytes() for path in folder.iterdir()}

    return call


def lines(count):
    return [lambda evidence, number=number: line(number) for number in range(count)]


def test_several_processes_draw_the_same_files_in_the_same_order(draw):
    functions = [*lines(4), nothing, *lines(2)]
    alone, files = draw(1, *functions)
    assert list(alone) == ["plot0", "plot1", "plot2", "plot3", "plot5", "plot6"]
    assert len(files) == 3 * len(alone)
    together, same_files = draw(3, *functions)
    assert list(together.items()) == list(alone.items())
    assert same_files == files


def test_an_error_of_a_figure_is_raised_as_it_is(draw):
    with pytest.raises(ValueError, match=r"^no colour for this$"):
        draw(3, *lines(2), fails, *lines(2))


def test_what_a_killed_process_had_drawn_is_drawn_again(draw):
    drawn, files = draw(3, *[dies_in_a_fork] * 6)
    assert len(drawn) == 6
    assert len(files) == 18
