"""The data of a figure: everything that is drawn, read back from the figure itself, as a table that anyone can plot.

Reading it needs no renderer and no layout, so that it is the same on every machine and with every version of
matplotlib. Limits and ticks that matplotlib chooses are no data. Positions are in the units of the axes; of what spans
a panel, such as a line of reference, the other one is a share of the panel.

The series of a mark is its label. One that begins with an underscore, as ``style.unlisted`` makes it, stands in the
data and in no legend.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterator
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.collections import LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.evidence.rounding import written

_NO_NAME = re.compile(r"_(child|container)\d+|_nolegend_")  # labels that matplotlib gives


class Mark(NamedTuple):
    """One thing that is drawn.

    Args:
        panel: number of the panel, from 1 in their order; empty for the figure as a whole.
        mark: its kind: ``point``, ``line`` (a corner of one), ``bar``, ``interval``, ``band``, ``cell``, ``box``,
            ``text``, ``title``, ``legend``, ``x axis``, ``x tick``, ``colours``, ...
        series: what it belongs to; of an axis its scale, of colours their map.
        x: where it stands, with ``x_low`` and ``x_high``, its ends.
        y: likewise.
        value: of a cell, or the area of a point in square points, where areas tell something.
        text: what it says.
    """

    panel: str
    mark: str
    series: str = ""
    x: Any = None
    x_low: Any = None
    x_high: Any = None
    y: Any = None
    y_low: Any = None
    y_high: Any = None
    value: Any = None
    text: str = ""


def figure_data(figure: Figure) -> str:
    """The CSV of a figure, a row a mark, with numbers of six digits.

    Raises:
        InputError: something is drawn whose data this module cannot read.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(Mark._fields)
    for mark in figure_marks(figure):
        writer.writerow([mark.panel, mark.mark, _line(mark.series), *map(_number, mark[3:-1]), _line(mark.text)])
    return file.getvalue()


def _line(text: str) -> str:
    """A text of several lines as one."""
    return " ".join(text.splitlines())


def _number(value: Any) -> str:
    """Empty for what is not there."""
    return "" if value is None or np.isnan(value) else f"{written(value):g}"


def figure_marks(figure: Figure) -> Iterator[Mark]:
    """Everything that is drawn, in its order."""
    bars = {item.colorbar.ax for ax in figure.axes for item in (*ax.collections, *ax.images) if item.colorbar}
    numbers = {ax: number for number, ax in enumerate((ax for ax in figure.axes if ax not in bars), 1)}
    yield from _part_marks(figure, numbers)


def _part_marks(part: FigureBase, numbers: dict[Axes, int]) -> Iterator[Mark]:
    """Marks around the panels of a figure or a part of one, and then the panels; the title of a part is that of each."""
    own = [ax for ax in numbers if ax.figure is part]
    panels = [str(numbers[ax]) for ax in own] if isinstance(part, SubFigure) else [""]
    for panel, text in itertools.product(panels, part.texts):
        if text.get_text():
            yield Mark(panel, "title", text=text.get_text())
    for artist in (*part.legends, *part.lines, *part.patches, *part.images, *part.artists):
        yield from _in_panel(panels[0], artist)
    for ax in own:
        yield from _panel_marks(ax, str(numbers[ax]))
    for inner in part.subfigs:
        yield from _part_marks(inner, numbers)


def _panel_marks(ax: Axes, panel: str) -> Iterator[Mark]:
    for where in ("left", "center", "right"):
        if ax.get_title(where):
            yield Mark(panel, "title", text=ax.get_title(where))
    yield from _axis_marks(ax.xaxis, panel, ax.get_autoscalex_on())
    yield from _axis_marks(ax.yaxis, panel, ax.get_autoscaley_on())
    for container in ax.containers:
        yield from _in_panel(panel, container)
    contained = {part for container in ax.containers for part in _parts(container)}
    drawn = (*ax.lines, *ax.patches, *ax.collections, *ax.images, *ax.texts, *ax.tables, *ax.artists, *ax.child_axes)
    legend = ax.get_legend()
    for artist in (*drawn, *([legend] if legend else [])):
        if artist not in contained and artist.get_visible():
            yield from _in_panel(panel, artist)


def _parts(container: Any) -> Iterator[Any]:
    """The artists of a container, which can hold tuples of them and None."""
    for part in container:
        yield from _parts(part) if isinstance(part, tuple) else [part]


def _axis_marks(axis: Axis, panel: str, is_automatic: bool) -> Iterator[Mark]:
    """The label, the scale and the limits of an axis, and its ticks where they were chosen."""
    name = "x" if isinstance(axis, XAxis) else "y"
    limits = (None, None) if is_automatic else axis.get_view_interval()
    ends: dict[str, Any] = {f"{name}_low": limits[0], f"{name}_high": limits[1]}
    yield Mark(panel, f"{name} axis", axis.get_scale(), text=axis.get_label_text(), **ends)
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    if isinstance(locator, FixedLocator):
        has_names = isinstance(formatter, FixedFormatter | FuncFormatter)
        for position, where in enumerate(locator()):
            at: dict[str, Any] = {name: where}
            yield Mark(panel, f"{name} tick", text=str(formatter(where, position)) if has_names else "", **at)
    for item in (*axis.axes.collections, *axis.axes.images) if name == "y" else ():
        if item.colorbar:
            low, high = item.get_clim()
            yield Mark("", "colours", item.get_cmap().name, y_low=low, y_high=high, text=item.colorbar.ax.get_ylabel())


def _in_panel(panel: str, artist: Any) -> Iterator[Mark]:
    label = str(artist.get_label())
    series = "" if _NO_NAME.fullmatch(label) else label.removeprefix("_")
    for mark in _marks(artist):
        yield mark._replace(panel=panel, series=series)


@singledispatch
def _marks(artist: Any) -> Iterator[Mark]:
    """The marks of an artist, without panel and series."""
    raise InputError(
        f"the data of a {type(artist).__name__} cannot be read from a figure; draw lines, points, bars, intervals, bands, "
        "images or texts"
    )


@_marks.register
def _(legend: Legend) -> Iterator[Mark]:
    for text in (legend.get_title(), *legend.get_texts()):
        if text.get_text() not in ("", "None"):
            yield Mark("", "legend", text=text.get_text())


@_marks.register
def _(text: Text) -> Iterator[Mark]:
    x, y = text.xy if isinstance(text, Annotation) else text.get_position()
    yield Mark("", "text", x=x, y=y, text=text.get_text())


@_marks.register
def _(line: Line2D) -> Iterator[Mark]:
    kind = "point" if line.get_linestyle() in ("None", "none", " ", "") else "line"
    for x, y in np.asarray(line.get_xydata()).tolist():
        yield Mark("", kind, x=x, y=y)


@_marks.register
def _(lines: LineCollection) -> Iterator[Mark]:
    for x, y in itertools.chain.from_iterable(lines.get_segments()):
        yield Mark("", "line", x=x, y=y)


@_marks.register
def _(points: PathCollection) -> Iterator[Mark]:
    offsets = np.asarray(points.get_offsets()).tolist()
    for (x, y), area in zip(offsets, np.resize(points.get_sizes(), len(offsets)), strict=True):
        yield Mark("", "point", x=x, y=y, value=area)


@_marks.register
def _(band: PolyCollection) -> Iterator[Mark]:
    """An area between two curves: at each x from its lowest to its highest corner."""
    for path in band.get_paths():
        corners = np.asarray(path.vertices)
        for x in np.unique(corners[:, 0]):
            ends = corners[corners[:, 0] == x, 1]
            yield Mark("", "band", x=x, y_low=ends.min(), y_high=ends.max())


@_marks.register
def _(mesh: QuadMesh) -> Iterator[Mark]:
    corners = np.asarray(mesh.get_coordinates())
    values: list[float] = np.ma.asarray(mesh.get_array(), dtype=float).filled(np.nan).reshape(-1).tolist()
    centres = (corners[:-1, :-1] + corners[1:, 1:]).reshape(-1, 2) / 2
    for (x, y), value in zip(centres, values, strict=True):
        yield Mark("", "cell", x=x, y=y, value=value)


@_marks.register
def _(image: AxesImage) -> Iterator[Mark]:
    """Each pixel with its value; of a coloured image the mean of its channels."""
    pixels: Any = np.ma.asarray(image.get_array(), dtype=float).filled(np.nan)
    values = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    left, right, bottom, top = image.get_extent()
    low, high = (top, bottom) if image.origin == "upper" else (bottom, top)
    num_rows, num_columns = values.shape
    for (i, j), value in np.ndenumerate(values):
        x, y = left + (j + 0.5) / num_columns * (right - left), low + (i + 0.5) / num_rows * (high - low)
        yield Mark("", "cell", x=x, y=y, value=value)


@_marks.register
def _(box: Rectangle) -> Iterator[Mark]:
    (x, y), width, height = box.get_xy(), box.get_width(), box.get_height()
    yield Mark("", "box", x_low=x, x_high=x + width, y_low=y, y_high=y + height)


@_marks.register
def _(bars: BarContainer) -> Iterator[Mark]:
    """Each bar with its edges; its value is where it ends."""
    for bar in bars.patches:
        (box,) = _marks(bar)
        if bars.orientation == "horizontal":
            yield box._replace(mark="bar", x=box.x_high, y=(box.y_low + box.y_high) / 2)
        else:
            yield box._replace(mark="bar", x=(box.x_low + box.x_high) / 2, y=box.y_high)


@_marks.register
def _(intervals: ErrorbarContainer) -> Iterator[Mark]:
    """Each point with the ends of its intervals; none where it has none."""
    line, _, spans = intervals.lines
    along = [name for name, has in (("x", intervals.has_xerr), ("y", intervals.has_yerr)) if has]
    points = np.asarray(line.get_xydata())
    # matplotlib leaves out the intervals of points that are nowhere, or keeps them without ends
    ends = [
        [np.asarray(segment)[:, "xy".index(name)].tolist() for segment in span.get_segments() if len(segment) == 2]
        for name, span in zip(along, spans, strict=True)
    ]
    for position, (x, y) in enumerate(points[np.isfinite(points).all(axis=1)].tolist()):
        known: dict[str, Any] = {}
        for name, of_all in zip(along, ends, strict=True):
            low, high = of_all[position]
            known |= {f"{name}_low": low, f"{name}_high": high} if low < high else {}
        yield Mark("", "interval", x=x, y=y, **known)
