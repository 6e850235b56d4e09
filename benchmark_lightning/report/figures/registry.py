"""All figures of a report in their order: name, title, how to read it, and how to measure what it lacks."""

from collections.abc import Callable
from typing import NamedTuple

from matplotlib.figure import Figure

from benchmark_lightning.report.figures import classical, hardware, heatmaps, networks
from benchmark_lightning.report.evidence.evidence import Evidence


class Plot(NamedTuple):
    """A figure that a report may have.

    Args:
        name: of its files.
        title: what it shows.
        reading: how to read it.
        draw: makes it, or None where the records hold nothing for it.
        remedy: the command whose records it needs, as Markdown.
    """

    name: str
    title: str
    reading: str
    draw: Callable[[Evidence], Figure | None]
    remedy: str


_GRID = "`benchmark-lightning sweep configs/sweep/hyperparameters.yaml`"
_SVM = "`benchmark-lightning sweep configs/sweep/svm.yaml`"
_HARDWARE = "`benchmark-lightning sweep configs/sweep/hardware.yaml`"

PLOTS = (
    Plot(
        "figure1_accuracy",
        "Accuracy of every configuration",
        "Bars start at 0; the points below are the same values magnified, with 95 % intervals. The circle marks the "
        "best configuration by validation accuracy. Colour is the model, hatch the batch size.",
        networks.draw_accuracy_bars,
        _GRID,
    ),
    Plot(
        "figure2_frontier",
        "Training time against accuracy",
        "Larger markers are larger models, bars are 95 % intervals. The line joins what nothing else beats in both; a "
        "percentage says how often the point stays on it when all points are drawn anew within their intervals.",
        networks.draw_frontier,
        _GRID,
    ),
    Plot(
        "figure3_heatmap",
        "Test accuracy over the hyperparameters",
        "Darker is better, on one scale over all panels; beside others, a setting with one configuration alone has no panel. A cell holds the mean, half its 95 % interval and the number "
        "of runs. The frame marks the highest value of a panel, dots what cannot be told apart from the best configuration; hatched cells failed or were not run.",
        heatmaps.draw_heatmap,
        _GRID,
    ),
    Plot(
        "figure4_dynamics",
        "How the best model learns",
        "Thin lines are runs, thick ones their mean, and from three runs on the band is the 95 % interval of the mean. "
        "The star is the test accuracy of the checkpoint that was best on the validation images, with its interval.",
        networks.draw_dynamics,
        _GRID,
    ),
    Plot(
        "figure5_kernels",
        "Kernels of the support vector classifier",
        "Accuracy from 0, the same magnified with 95 % intervals, and seconds to fit and to predict the test images.",
        classical.draw_kernels,
        _SVM,
    ),
    Plot(
        "figure6_svm_frontier",
        "Support vector classifiers beside the networks",
        "As Figure 2, with all that was trained on as many images. Where a network ran on a GPU and an SVM on a CPU, "
        "that is part of the comparison.",
        classical.draw_svm_frontier,
        _SVM,
    ),
    Plot(
        "figure7_speedup",
        "Speedup by model",
        "Times as fast as the CPU at the steady rate after warm-up, the median over interleaved pairs with its 95 % "
        "interval. Diamonds are the published values.",
        hardware.draw_speedups,
        _HARDWARE,
    ),
    Plot(
        "figure8_flops",
        "Arithmetic against time",
        "GFLOPs of the model against seconds of one epoch over all training images at the steady rate, with 95 % "
        "intervals, and the least-squares line from three models on, with where it fails most. Intervals that leave the "
        "figure are cut.",
        hardware.draw_flops,
        _HARDWARE,
    ),
    Plot(
        "figure9_utilization",
        "How much of the machine a training uses",
        "Operations of the training step by its steady rate, over the measured peak of matrix products at the same "
        "precision; bars show the 95 % interval of the rate. What is far from 1 waits for memory, launches or data.",
        hardware.draw_utilization,
        _HARDWARE,
    ),
    Plot(
        "figure10_breakdown",
        "Where the time of a step goes",
        "Median over ten steps of a pass of its own that waits for the device after each part, so that the parts can "
        "add up to more than a step of the timed run. Intervals that leave the figure are cut.",
        hardware.draw_breakdown,
        _HARDWARE,
    ),
    Plot(
        "figure11_svm_costs",
        "How the cost of an SVM grows",
        "Of each number of training images the configuration that is best on the validation images, with 95 % intervals; "
        "the exponent is the slope between the logarithms with its interval. The best network stands beside.",
        classical.draw_svm_costs,
        "`benchmark-lightning sweep configs/sweep/svm_learning_curve.yaml`",
    ),
)
