"""All figures of a report: name, section, title, how to read it, and which records it needs.

A figure is a function and an entry here. A study adds its own in the list ``figures`` of its file.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.questions import Questions, find_function
from benchmark_lightning.report.figures.accuracy import draw_accuracy
from benchmark_lightning.report.figures.classical import draw_classical_accuracy, draw_classical_costs
from benchmark_lightning.report.figures.dynamics import draw_dynamics
from benchmark_lightning.report.figures.frontiers import draw_classical_frontier, draw_frontier
from benchmark_lightning.report.figures.hardware import draw_breakdown, draw_flops, draw_speedups, draw_utilization
from benchmark_lightning.report.figures.heatmaps import draw_heatmap

SECTIONS = ("networks", "classical", "hardware")


class Plot(NamedTuple):
    """A figure that a report may have.

    Args:
        name: of its files.
        section: of the report in which it stands.
        title: what it shows.
        reading: how to read it.
        draw: makes it, or None where the records hold nothing for it.
        needs: which records it is made from, as the end of a sentence.
    """

    name: str
    section: str
    title: str
    reading: str
    draw: Callable[[Evidence], Figure | None]
    needs: str


_NETWORKS = "networks trained to the end"
PLOTS = (
    Plot(
        "accuracy",
        "networks",
        "Accuracy of every configuration",
        "Each row is a configuration, the most accurate first, with its 95 % interval over seeds and test images and the value beside it; "
        "one seed has no interval. The ring marks the best by validation accuracy; filled marks could be the best, open ones are "
        "significantly worse. Ends of intervals that leave the scale are cut.",
        draw_accuracy,
        _NETWORKS,
    ),
    Plot(
        "frontier",
        "networks",
        "Training time against accuracy",
        "Larger marks are larger models, bars are 95 % intervals. The line joins what nothing else beats in both. Where every point "
        "ran several times, a percentage says how often the point stays on it when all are drawn anew within their noise. "
        "Triangles at the lower edge lie below the scale.",
        draw_frontier,
        f"{_NETWORKS} whose times nothing disturbed",
    ),
    Plot(
        "heatmap",
        "networks",
        "Test accuracy over what varied",
        "Darker is better, on one scale over all panels; a setting with one configuration alone has no panel next to others. "
        "A cell holds the mean, half its 95 % interval where it has one, and the number of runs. The frame marks the highest value of a "
        "panel, dots mark cells that could be the best; hatched cells failed or were not run.",
        draw_heatmap,
        f"{_NETWORKS}, of which a hyperparameter varies",
    ),
    Plot(
        "dynamics",
        "networks",
        "How the best network learns",
        "Thin lines are runs, thick ones their mean, and from three runs on the band is the 95 % interval of the mean. "
        "The star is the test accuracy of the checkpoint that was best on the validation images, with its interval.",
        draw_dynamics,
        _NETWORKS,
    ),
    Plot(
        "classical_accuracy",
        "classical",
        "Accuracy and time of the classical methods",
        "Of each data set those trained on the most images: accuracy with 95 % intervals, and seconds to fit (filled) and to "
        "predict all test images (open). The ring marks the best by validation accuracy.",
        draw_classical_accuracy,
        "classical methods fitted and tested",
    ),
    Plot(
        "classical_frontier",
        "classical",
        "Classical methods compared with the networks",
        "Read it as training time against accuracy of the networks: here with all that was trained on as many images. Where a network "
        "ran on an accelerator and a method on a CPU, that is part of the comparison.",
        draw_classical_frontier,
        "classical methods whose times nothing disturbed",
    ),
    Plot(
        "classical_costs",
        "classical",
        "How the cost of a classical method grows",
        "Of each family the configuration that is best on the validation images, with 95 % intervals; the exponent is the "
        "slope between the logarithms, with an interval where every point ran several times. The best network is drawn for comparison.",
        draw_classical_costs,
        "a classical method fitted on three numbers of training images",
    ),
    Plot(
        "speedup",
        "hardware",
        "Speedup by model",
        "Times as fast as the CPU at the steady rate after warm-up, the median over interleaved pairs with its 95 % "
        "interval; larger models stand lower. Hollow marks are printed values of others.",
        draw_speedups,
        "trials timed on two devices",
    ),
    Plot(
        "flops",
        "hardware",
        "Arithmetic against time",
        "GFLOPs of the model against seconds of one epoch over all training images at the steady rate, with 95 % "
        "intervals, and the least-squares line from three models on, with where it fails most. Intervals that leave the "
        "figure are cut.",
        draw_flops,
        "trials of two networks of different size timed alike",
    ),
    Plot(
        "utilization",
        "hardware",
        "How much of the machine a training uses",
        "Operations of the training step by its steady rate, over the measured peak of matrix products at the same "
        "precision; bars show the 95 % interval of the rate. What is far from 1 waits for memory, launches or data.",
        draw_utilization,
        "timed trials for which the peak of the machine was measured",
    ),
    Plot(
        "breakdown",
        "hardware",
        "Where the time of a step goes",
        "Median over ten steps of a pass of its own that waits for the device after each part, so that the parts can "
        "add up to more than a step of the timed run. Intervals that leave the figure are cut.",
        draw_breakdown,
        "timed trials with a pass that measures the parts of a step",
    ),
)  # fmt: skip

_REQUIRED = ("name", "section", "title", "python")
_KEYS = (*_REQUIRED, "reading")
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def plots(evidence: Evidence) -> list[Plot]:
    """The figures of a report: those for any records, and then those of its study.

    Raises:
        InputError: an entry of the study is not valid.
    """
    return [*PLOTS, *study_plots(evidence.questions)]


def study_plots(questions: Questions) -> list[Plot]:
    """The figures that a study names.

    Raises:
        InputError: an entry is not valid.
    """
    found: list[Plot] = []
    for number, entry in enumerate(questions.figures, 1):
        plot = _study_plot(entry, number, questions)
        if plot.name in {other.name for other in (*PLOTS, *found)}:
            raise InputError(
                f"two figures have the name {plot.name}, one of them in {questions.path}; give another name"
            )
        found.append(plot)
    return found


def _study_plot(entry: Mapping[str, Any], number: int, questions: Questions) -> Plot:
    where = f"figure {entry.get('name', number)!r} in {questions.path}"
    for key in entry:
        if key not in _KEYS:
            raise InputError(f"unknown key {key} of {where}; {nearest(str(key), _KEYS)}")
    for key in _REQUIRED:
        if key not in entry:
            raise InputError(f"{where} has no {key}; give {', '.join(_REQUIRED)}")
    for key, value in entry.items():
        if not isinstance(value, str):
            raise InputError(f"{key} of {where} is {value!r}; give a text")
    if not _FILE_NAME.fullmatch(entry["name"]):
        raise InputError(f"{where} cannot name a file; use small letters, digits, _ and - alone, at most 60")
    if entry["section"] not in SECTIONS:
        raise InputError(f"{where} is for the section {entry['section']!r}; {nearest(entry['section'], SECTIONS)}")
    draw = _checked(find_function(entry["python"], questions), f"{entry['python']} of {where}")
    needs = "records that its function can draw"
    return Plot(entry["name"], entry["section"], entry["title"], entry.get("reading", ""), draw, needs)


def _checked(function: Callable[..., Any], where: str) -> Callable[[Evidence], Figure | None]:
    """The function, whose result is a figure or None."""

    def draw(evidence: Evidence) -> Figure | None:
        figure = function(evidence)
        if figure is not None and not isinstance(figure, Figure):
            raise InputError(
                f"{where} returns a {type(figure).__name__}; return a matplotlib Figure, or None for no figure"
            )
        return figure

    return draw
