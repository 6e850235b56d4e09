"""How the figures look, and how they are kept: an SVG for light and dark pages, a PNG for everything else, their data."""

import contextlib
import io
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from PIL import Image

from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.figures.figure_data import figure_data
from benchmark_lightning.report.figures.stamps import stamped_png, stamped_svg

INK = "#1f2328"  # text and axes; in an SVG it gives way to the colour of the page's text
DARK_INK = "#e6edf3"
PALETTE: list[str] = sns.color_palette("colorblind").as_hex()
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++", "oo", "--", "**", "OO")
DPI = 110
_STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "text.color": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.facecolor": "none", "figure.facecolor": "none", "savefig.facecolor": "none",
    "legend.facecolor": "none", "legend.edgecolor": "none", "legend.framealpha": 0.0, "grid.color": INK,
    "grid.alpha": 0.15, "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False,
    "hatch.linewidth": 0.6, "hatch.color": INK, "font.size": 9.0, "axes.titlesize": 9.5, "figure.titlesize": 11.0,
    "legend.fontsize": 8.0, "svg.hashsalt": "benchmark-lightning", "lines.linewidth": 1.4,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "text.hinting": "none",  # letters are as wide in the PNG as in the SVG, for which the parts are laid out
}  # fmt: skip


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """The context in which figures are drawn and saved: the same whatever a person's matplotlibrc says."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a name in letters that the font lacks
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


_NO_BREAK = "\xa0"
WIDEST_LINE = 52  # letters above a panel of half a page


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, whose parts keep out of each other's way."""
    return Figure(figsize=(width, height), layout="constrained")


def stacked(title: str, width: int = WIDEST_LINE) -> str:
    r"""A title with what stands in brackets on lines of its own, as a panel is narrow.

    >>> stacked("MNIST (49,000 training images)")
    'MNIST\n49,000 training images'
    """
    name, _, rest = title.partition(" (")
    return "\n".join([name, *_lines(rest.removesuffix(")"), width)])


def wrapped(name: str, width: int = 44) -> str:
    r"""The name of a row on at most two lines, broken between settings where it can be.

    >>> wrapped("resnet18, lr 0.001, weight decay 0.01", 24)
    'resnet18, lr 0.001,\nweight decay 0.01'
    """
    return "\n".join(_lines(name, width, max_lines=2, placeholder=" ..."))


def settings_in(name: str) -> list[str]:
    """The parts of a name between commas; a list in brackets is one.

    >>> settings_in("CNN, layers [2, 3], lr 0.1")
    ['CNN', 'layers [2, 3]', 'lr 0.1']
    """
    return re.split(r", (?![^\[({]*[\])}])", name)


def _lines(name: str, width: int, **limits: Any) -> list[str]:
    """The settings of a name in lines, of which none is torn where it fits into one."""
    settings = [one.replace(" ", _NO_BREAK) if len(one) < width else one for one in settings_in(name)]
    lines = textwrap.wrap(", ".join(settings), width, break_on_hyphens=False, **limits)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def panel_grid(
    num_panels: int, num_columns: int = 2, height: float | Sequence[float] = 3.2, width: float = 9.5
) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, and their axes; those left over are taken away.

    Args:
        height: of a panel in inches, or of each; the highest of a row decides.
    """
    num_columns = min(num_columns, num_panels)
    num_rows = -(-num_panels // num_columns)
    each = [height] * num_panels if isinstance(height, float | int) else list(height)
    heights = [max(each[num_columns * row : num_columns * (row + 1)]) for row in range(num_rows)]
    figure = new_figure(width, sum(heights) + 0.4)
    axes = list(figure.subplots(num_rows, num_columns, squeeze=False, height_ratios=heights).flat)
    for left_over in axes[num_panels:]:
        left_over.remove()
    return figure, axes[:num_panels]


Panels = list[tuple[str, pd.DataFrame]]


def most_telling(panels: Panels, most: int) -> Panels:
    """The panels with the most configurations, in their order, where there are more than fit into a figure.

    Of those with as many, the ones that were trained on the larger parts of their data sets.
    """
    sizes = [(-len(group), -group["train_fraction"].fillna(1.0).max()) for _, group in panels]
    by_size = sorted(range(len(panels)), key=sizes.__getitem__)
    return [panels[position] for position in sorted(by_size[:most])]


def note_left_out(figure: Figure, num: int, what: str = "panels") -> None:
    """Says above a figure what it has no room for."""
    if num > 0:
        figure.suptitle(f"{num} more {what if num > 1 else what.removesuffix('s')} not drawn", fontsize=8)


MAX_ROWS = 24


def row_panel_height(labels: Sequence[str]) -> float:
    """Inches of a panel with so many rows."""
    lines = 1 + any("\n" in label for label in labels)
    return max(0.13 + 0.085 * lines, 0.19) * len(labels) + 1.25


def label_rows(ax: Axes, labels: Sequence[str]) -> None:
    """Gives a panel a row for each label, from the top."""
    ax.set_yticks(range(len(labels)), labels, fontsize=7)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


class Cues:
    """A colour, a marker and a hatch for each of several names, the same in every panel of a figure."""

    def __init__(self, names: Iterable[Any]) -> None:
        self.names = list(dict.fromkeys(names))

    def __getitem__(self, name: Any) -> tuple[str, str, str]:
        position = self.names.index(name)
        turn = position + position // len(PALETTE)  # the eleventh has the first colour and another marker
        return PALETTE[position % len(PALETTE)], MARKERS[turn % len(MARKERS)], HATCHES[turn % len(HATCHES)]


MAX_LISTED = 12  # names in a legend


def family_cues(evidence: Evidence) -> Cues:
    """A colour and a marker for each family of configurations, the same in all figures."""
    frame = evidence.configurations
    is_first = frame["kind"] == "network"
    return Cues([*sorted(frame[is_first]["family"].unique()), *sorted(frame[~is_first]["family"].unique())])


def legend_below(figure: Figure, handles: Sequence[Any], num_columns: int = 4) -> None:
    """A legend below all panels; of many names the first ones."""
    rest = len(handles) - MAX_LISTED
    shown = list(handles[:MAX_LISTED] if rest > 0 else handles)
    if rest > 0:
        shown.append(Line2D([], [], linestyle="", label=f"and {rest} more"))
    if shown:
        figure.legend(handles=shown, loc="outside lower center", ncols=min(len(shown), num_columns))


def unlisted(*names: Any) -> str:
    """A label that no legend lists, for the data of a figure."""
    return f"_{', '.join(map(str, names))}"


def logarithmic(ax: Axes, which: Literal["x", "y"]) -> None:
    """Gives an axis a logarithmic scale with plain numbers at 1, 2 and 5, or at whole decades where it spans many."""
    (ax.set_xscale if which == "x" else ax.set_yscale)("log")
    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = sorted(axis.get_view_interval())
    subs = (
        (1.0,) if high / low > 3000 else (1.0, 2.0, 5.0) if high / low > 4 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
    )
    axis.set_major_locator(LogLocator(10, subs=subs, numticks=30))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if value < 1e6 else f"{value:.0e}"))
    axis.set_minor_formatter(NullFormatter())


def error_ends(value: float, low: float | None, high: float | None) -> list[list[float]]:
    """An interval in the form that matplotlib's ``errorbar`` takes; none is drawn as a bare point."""
    if low is None or high is None or low != low or high != high:  # NaN
        return [[0.0], [0.0]]
    return [[max(value - low, 0.0)], [max(high - value, 0.0)]]


def to_svg(figure: Figure, name: str = "") -> str:
    """The figure as an SVG for light and dark pages; the same figure gives the same text."""
    with styled():
        buffer = io.StringIO()
        # savefig would draw everything twice, and lay it out before each
        canvas: Any = FigureCanvasSVG(figure)  # matplotlib has no types for what it does
        canvas.print_svg(buffer, metadata={"Date": None, "Title": name})
    return _for_light_and_dark(buffer.getvalue())


def save(figure: Figure, folder: Path, name: str) -> str:
    """Writes ``<name>.csv`` with the data, ``<name>.svg`` and ``<name>.png``, and returns the text of the SVG."""
    data = figure_data(figure)
    svg = stamped_svg(to_svg(figure, name), data)
    (folder / f"{name}.csv").write_text(data, encoding="utf-8")
    (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    figure.set_layout_engine("none")  # the parts stay where the SVG has them: a layout takes as long as a drawing
    (folder / f"{name}.png").write_bytes(stamped_png(_pixels(figure), data, name))
    return svg


def _pixels(figure: Figure) -> Image.Image:
    """The figure on white."""
    figure.set(dpi=DPI, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)
    with styled():
        canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _for_light_and_dark(svg: str) -> str:
    """``svg`` with its ink in the colour that suits the page, which a browser knows without a script."""
    start = svg.index("<svg")
    end = svg.index(">", start) + 1
    rule = f"<style>svg{{color:{INK}}}@media (prefers-color-scheme: dark){{svg{{color:{DARK_INK}}}}}</style>"
    return svg[start:end] + rule + svg[end:].replace(INK, "currentColor")
