"""What is drawn and not in the data beside the figure could be wrong and nobody would notice."""

import csv
import io

import numpy as np
import pytest
from matplotlib.collections import PathCollection, PolyCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle
from matplotlib.text import Text

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.figures.figure_data import figure_data
from benchmark_lightning.report.figures.style import logarithmic, to_svg, unlisted
from benchmark_lightning.report.page.document import draw_figures


@pytest.fixture
def ax():
    return Figure(layout="constrained").subplots()


def rows(figure, *marks):
    """The rows of some kinds of marks, without what is empty."""
    table = csv.DictReader(io.StringIO(figure_data(figure)))
    return [{key: cell for key, cell in row.items() if cell} for row in table if not marks or row["mark"] in marks]


def test_points_and_lines_are_told_apart_and_have_their_series(ax):
    ax.plot([1, 2], [0.5, np.nan], label="loss")
    ax.plot([3], [0.25], "o", label=unlisted("best", "seed 0"))
    ax.scatter([1, 2], [3, 4], [10, 20])
    ax.legend()
    assert rows(ax.figure, "line", "point", "legend") == [
        {"panel": "1", "mark": "line", "series": "loss", "x": "1", "y": "0.5"},
        {"panel": "1", "mark": "line", "series": "loss", "x": "2"},
        {"panel": "1", "mark": "point", "series": "best, seed 0", "x": "3", "y": "0.25"},
        {"panel": "1", "mark": "point", "x": "1", "y": "3", "value": "10"},
        {"panel": "1", "mark": "point", "x": "2", "y": "4", "value": "20"},
        {"panel": "1", "mark": "legend", "text": "loss"},
    ]


def test_bars_have_their_edges_and_intervals_their_ends(ax):
    ax.bar(1, 3, 0.5, bottom=2, label="svm")
    ax.barh(1, 3, left=2, height=0.5)
    ax.errorbar([1, 2], [5, 6], [[1, 0], [2, 0]], [[0.5, 0.5], [0.5, 0.5]], capsize=3)
    assert rows(ax.figure, "bar", "interval", "line", "box") == [
        {"panel": "1", "mark": "bar", "series": "svm", "x": "1", "x_low": "0.75", "x_high": "1.25", "y": "5", "y_low": "2", "y_high": "5"},
        {"panel": "1", "mark": "bar", "x": "5", "x_low": "2", "x_high": "5", "y": "1", "y_low": "0.75", "y_high": "1.25"},
        {"panel": "1", "mark": "interval", "x": "1", "x_low": "0.5", "x_high": "1.5", "y": "5", "y_low": "4", "y_high": "7"},
        {"panel": "1", "mark": "interval", "x": "2", "x_low": "1.5", "x_high": "2.5", "y": "6"},
    ]  # fmt: skip


def test_bands_cells_boxes_and_lines_across_are_there(ax):
    ax.fill_between([1, 2], [0.1, 0.2], [0.3, 0.4])
    ax.add_patch(Rectangle((0, 1), 2, 3, label=unlisted("highest")))
    ax.vlines(5, 0, 1)
    mesh = ax.pcolormesh(np.array([[0.5, np.nan]]))
    ax.figure.colorbar(mesh, label="accuracy")
    found = rows(ax.figure, "band", "box", "cell", "line", "colours")
    assert [row for row in found if row["mark"] != "colours"] == [
        {"panel": "1", "mark": "box", "series": "highest", "x_low": "0", "x_high": "2", "y_low": "1", "y_high": "4"},
        {"panel": "1", "mark": "band", "x": "1", "y_low": "0.1", "y_high": "0.3"},
        {"panel": "1", "mark": "band", "x": "2", "y_low": "0.2", "y_high": "0.4"},
        {"panel": "1", "mark": "line", "x": "5", "y": "0"},
        {"panel": "1", "mark": "line", "x": "5", "y": "1"},
        {"panel": "1", "mark": "cell", "x": "0.5", "y": "0.5", "value": "0.5"},
        {"panel": "1", "mark": "cell", "x": "1.5", "y": "0.5"},
    ]
    assert [row["text"] for row in found if row["mark"] == "colours"] == ["accuracy"]


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_an_image_of_a_figure_of_ones_own_has_its_values(ax, origin):
    image = ax.imshow([[1, 2], [3, 4]], origin=origin)
    ax.figure.colorbar(image, label="confusion")
    found = rows(ax.figure, "cell", "colours")
    cells = {(row["x"], row["y"]): row["value"] for row in found if row["mark"] == "cell"}
    assert cells == {("0", "0"): "1", ("1", "0"): "2", ("0", "1"): "3", ("1", "1"): "4"}
    assert [row["text"] for row in found if row["mark"] == "colours"] == ["confusion"]


def test_words_are_there_with_chosen_limits_scales_and_ticks(ax):
    ax.set(title="MNIST\n9 images", xlabel="training, s", xlim=(1, 10), xscale="log")
    ax.set_yticks([0, 1], ["sgd", "adam"])
    ax.annotate("83%", (2, 3), (0, 8), textcoords="offset points")
    ax.figure.suptitle("all")
    assert rows(ax.figure, "title", "text", "x axis", "y axis", "y tick", "x tick") == [
        {"mark": "title", "text": "all"},
        {"panel": "1", "mark": "title", "text": "MNIST 9 images"},
        {"panel": "1", "mark": "x axis", "series": "log", "x_low": "1", "x_high": "10", "text": "training, s"},
        {"panel": "1", "mark": "y axis", "series": "linear"},
        {"panel": "1", "mark": "y tick", "y": "0", "text": "sgd"},
        {"panel": "1", "mark": "y tick", "y": "1", "text": "adam"},
        {"panel": "1", "mark": "text", "x": "2", "y": "3", "text": "83%"},
    ]


def test_what_cannot_be_read_back_is_not_drawn_in_silence(ax):
    ax.add_patch(Circle((0, 0), 1))
    with pytest.raises(InputError, match="the data of a Circle cannot be read"):
        figure_data(ax.figure)


def test_what_matplotlib_chooses_is_no_data(ax):
    """Limits and ticks of its own differ between versions, and a layout moves everything."""
    ax.plot([1, 2], [3, 4])
    logarithmic(ax, "y")
    before = figure_data(ax.figure)
    assert not rows(ax.figure, "x tick", "y tick")
    to_svg(ax.figure)
    assert figure_data(ax.figure) == before


def moved(artist):
    """Changes what a person would see of an artist; returns whether that is possible."""
    if isinstance(artist, Text):
        artist.set_text(f"{artist.get_text()}?")
        return artist.get_text() != "?"
    if isinstance(artist, Line2D):
        artist.set_ydata(np.asarray(artist.get_ydata(), dtype=float) * 1.01 + 0.01)
        return len(artist.get_ydata()) > 0
    if isinstance(artist, Rectangle):
        artist.set_width(artist.get_width() * 1.01)
        return artist.get_width() > 0
    if isinstance(artist, PathCollection):
        artist.set_offsets(np.asarray(artist.get_offsets()) * 1.01)
    elif isinstance(artist, QuadMesh):
        artist.set_array(artist.get_array() * 1.01)
    elif isinstance(artist, PolyCollection):
        artist.set_verts([path.vertices * 1.01 for path in artist.get_paths()])
        return any(len(path.vertices) for path in artist.get_paths())
    else:  # the bars of an interval, as segments
        artist.set_segments([segment + np.array([[0, -0.01], [0, 0.01]]) for segment in artist.get_segments()])
    return True


def drawn(figure):
    """Everything that a figure function has put into its panels and around them."""
    scales = {item.colorbar.ax for ax in figure.axes for item in ax.collections if item.colorbar is not None}
    for ax in (ax for ax in figure.axes if ax not in scales):
        caps = {cap for container in ax.containers if hasattr(container, "lines") for cap in container.lines[1]}
        bars_along_x = {
            container.lines[2][0] for container in ax.containers if getattr(container, "has_xerr", False)
        }  # moved along y they are no other interval
        legend = ax.get_legend()
        yield from (
            artist
            for artist in (*ax.lines, *ax.patches, *ax.collections, *ax.texts)
            if artist not in caps | bars_along_x
        )
        yield from (ax.title, ax.xaxis.label, ax.yaxis.label, *(legend.get_texts() if legend else ()))
    for part in (figure, *figure.subfigs):
        yield from (*part.texts, *(text for legend in part.legends for text in legend.get_texts()))


def test_nothing_that_is_drawn_is_missing_from_the_data(study):
    for name, figure in draw_figures(Evidence.of(study)):
        data = figure_data(figure)
        artists = list(drawn(figure))
        assert len(artists) > 5
        for artist in artists[:: max(1, len(artists) // 25)]:
            if moved(artist):
                now = figure_data(figure)
                assert now != data, (name, artist)
                data = now
