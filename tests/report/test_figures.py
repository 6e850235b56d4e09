"""Figures of any study: whatever varied is drawn, and what one adds of one's own stands beside the others."""

import csv
import io
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.questions import read_questions
from benchmark_lightning.report.figures.figure_data import figure_data
from benchmark_lightning.report.figures.heatmaps import draw_metric
from benchmark_lightning.report.figures.registry import PLOTS, SECTIONS, plots
from benchmark_lightning.report.figures.style import save, styled
from benchmark_lightning.study.record import trial_key
from tests.report.made import network, svm, write_published

LADDER = {
    "sklearn.dummy.DummyClassifier": ({"strategy": "most_frequent"}, 0.10),
    "sklearn.linear_model.LogisticRegression": ({"C": 0.1}, 0.955),
    "sklearn.neighbors.KNeighborsClassifier": ({"n_neighbors": 3}, 0.980),
    "sklearn.ensemble.RandomForestClassifier": ({"n_estimators": 300}, 0.972),
    "sklearn.ensemble.HistGradientBoostingClassifier": ({}, 0.965),
    "sklearn.svm.SVC": ({"C": 10.0}, 0.988),
    "sklearn.pipeline.Pipeline": (
        {
            "steps": [
                ["pca", {"class_path": "sklearn.decomposition.PCA", "init_args": {"n_components": 30}}],
                ["svc", {"class_path": "sklearn.svm.SVC", "init_args": {"C": 10.0}}],
            ]
        },
        0.986,
    ),
}


def changed(record, **sections):
    """A record whose configuration has other sections."""
    for name, section in sections.items():
        record.config[name] = section
    record.key = trial_key(record.config, "data", record.repeat)
    return record


def with_model(settings, **fields):
    record = network(**fields)
    return changed(record, model=record.config["model"] | settings)


def method(path, arguments, **fields):
    return changed(svm("Digits", **fields), estimator={"class_path": path, "init_args": arguments})


def drawn(evidence, *names):
    """Name of each figure -> the rows of its data.

    Args:
        names: of the figures to draw; none is all.
    """
    found = {}
    for plot in (plot for plot in plots(evidence) if not names or plot.name in names):
        with styled():
            figure = plot.draw(evidence)
        if figure is not None:
            found[plot.name] = list(csv.DictReader(io.StringIO(figure_data(figure))))
    return found


def texts(rows, mark):
    return [row["text"] for row in rows if row["mark"] == mark]


def of_series(rows, start):
    return [row for row in rows if row["series"].startswith(start)]


@pytest.fixture
def decay(evidence_of):
    """Three weight decays of three seeds each."""
    values = {0.0: 0.900, 1e-4: 0.925, 1e-2: 0.910}
    return evidence_of(
        [
            with_model({"weight_decay": value}, seed=seed, accuracy=accuracy + 0.0005 * seed, seconds=100 + seed)
            for value, accuracy in values.items()
            for seed in range(3)
        ]
    )


def test_a_sweep_over_the_weight_decay_alone_is_drawn_and_names_its_winner(decay):
    figures = drawn(decay)
    assert {"accuracy", "frontier", "heatmap", "dynamics"} <= figures.keys()
    rows = figures["accuracy"]
    assert texts(rows, "y tick") == [f"resnet18, weight decay {value}" for value in ("0.0001", "0.01", "0")]
    (best,) = of_series(rows, "best")
    assert (best["y"], best["x"][:4]) == ("0", "0.92")
    assert texts(figures["heatmap"], "x tick") == ["0", "0.0001", "0.01"]
    assert "resnet18, weight decay 0.0001 3 runs" in texts(figures["dynamics"], "title")


def test_an_axis_of_every_type_is_drawn(evidence_of):
    values = [
        {"nesterov": flag, "schedule": schedule, "weight_decay": number, "augment": {"crop": pad}}
        for flag in (True, False)
        for schedule in (None, "cosine", "a, long (name) of $a_schedule")
        for number in (0.0, 1e-4)
        for pad in (2, 4)
    ]
    evidence = evidence_of([with_model(value, accuracy=0.9 + 0.0008 * k) for k, value in enumerate(values)])
    figures = drawn(evidence, "accuracy", "heatmap")
    assert len(texts(figures["accuracy"], "y tick")) == 24
    assert sum(row["mark"] == "cell" and row["value"] != "" for row in figures["heatmap"]) == 24
    panels = " ".join(texts(figures["heatmap"], "title"))
    assert "crop" in panels + " ".join(texts(figures["heatmap"], "y tick"))
    assert "nesterov on" in panels + " ".join(texts(figures["heatmap"], "y tick"))


def test_where_nothing_varies_there_is_an_accuracy_and_no_heatmap(evidence_of):
    figures = drawn(evidence_of([network(seed=seed) for seed in range(2)]), "accuracy", "heatmap")
    assert texts(figures["accuracy"], "y tick") == ["resnet18"]
    assert "heatmap" not in figures


def test_random_values_make_no_heatmap_of_empty_cells(evidence_of):
    records = [
        with_model({"momentum": 0.5 + 0.01 * k, "weight_decay": 1e-4 * k}, lr=1e-3 + 1e-5 * k, accuracy=0.9 + k / 1e4)
        for k in range(15)
    ]
    assert "heatmap" not in drawn(evidence_of(records), "heatmap")


def test_a_long_search_shows_the_best_and_says_how_many_it_leaves_out(evidence_of):
    records = [with_model({"weight_decay": k / 1000}, accuracy=0.9 + k / 2000) for k in range(30)]
    rows = drawn(evidence_of(records), "accuracy")["accuracy"]
    assert len(texts(rows, "y tick")) == 24
    assert any("6 less accurate left out" in text for text in texts(rows, "x axis"))


def test_a_configuration_that_failed_has_a_row_that_says_so(evidence_of):
    failed = network(lr=1e-1, status="diverged", error="the loss is nan", metrics={})
    rows = drawn(evidence_of([network(), failed]), "accuracy")["accuracy"]
    assert "diverged" in texts(rows, "text")


def test_what_lies_far_below_the_others_does_not_hide_their_differences(evidence_of):
    accuracies = {1e-2: 0.10, 1e-3: 0.920, 1e-4: 0.918, 1e-5: 0.915}
    rows = drawn(evidence_of([network(lr=lr, accuracy=value) for lr, value in accuracies.items()]), "accuracy")[
        "accuracy"
    ]
    (low,) = {float(row["x_low"]) for row in rows if row["mark"] == "x axis"}
    assert 0.88 < low < 0.915
    assert "10.00 %" in texts(rows, "text")
    assert of_series(rows, "resnet18, lr 0.01, below the scale")


def test_networks_of_ones_own_are_drawn_like_others(evidence_of):
    def own(width, **fields):
        record = network(**fields)
        model = {key: value for key, value in record.config["model"].items() if key != "arch"}
        return changed(record, model=model | {"network": {"class_path": "mine.MyCNN", "init_args": {"width": width}}})

    figures = drawn(evidence_of([own(8, accuracy=0.85), own(16, accuracy=0.88), network(accuracy=0.91)]))
    assert texts(figures["accuracy"], "y tick") == ["resnet18", "MyCNN, width 16", "MyCNN, width 8"]
    assert {"MyCNN", "resnet18"} <= set(texts(figures["frontier"], "legend"))
    assert texts(figures["heatmap"], "x tick") == ["8", "16"]


def test_the_classical_ladder_is_one_comparison_of_accuracy_and_seconds(evidence_of):
    records = [
        method(path, arguments, accuracy=accuracy, seconds=1.0 + k)
        for k, (path, (arguments, accuracy)) in enumerate(LADDER.items())
    ]
    figures = drawn(evidence_of(records))
    rows = figures["classical_accuracy"]
    names = [row["text"] for row in rows if row["mark"] == "y tick" and row["panel"] == "1"]
    assert (names[0], names[1], names[-1], len(names)) == ("SVC, C 10", "PCA + SVC", "DummyClassifier", 7)
    assert {row["panel"] for row in of_series(rows, "PCA + SVC, fit")} == {"2"}
    assert "PCA + SVC" in texts(figures["classical_frontier"], "legend")
    assert "accuracy" not in figures


def test_two_pipelines_that_differ_deep_inside_are_two_configurations(evidence_of):
    path, (arguments, _) = "sklearn.pipeline.Pipeline", LADDER["sklearn.pipeline.Pipeline"]

    def with_components(number):
        (pca, description), svc = arguments["steps"]
        steps = [[pca, description | {"init_args": {"n_components": number}}], svc]
        return method(path, {"steps": steps}, accuracy=0.9 + number / 1000, seconds=number)

    rows = drawn(evidence_of([with_components(number) for number in (10, 50)]), "classical_accuracy")[
        "classical_accuracy"
    ]
    assert of_series(rows, "PCA + SVC, n components 50")


def test_methods_with_one_number_are_curves_over_it(evidence_of):
    records = [
        svm(kernel=kernel, strength=strength, accuracy=0.88 + 0.01 * number + 0.01 * (kernel == "rbf"))
        for kernel in ("rbf", "poly")
        for number, strength in enumerate((0.1, 1.0, 10.0))
    ]
    rows = drawn(evidence_of(records), "classical_accuracy")["classical_accuracy"]
    assert {row["text"] for row in rows if row["mark"] == "x axis"} == {"C"}
    line = [row["x"] for row in rows if row["series"] == "SVC, rbf" and row["mark"] == "line" and row["panel"] == "1"]
    assert line == ["0.1", "1", "10"]


def test_any_accelerator_has_its_speedup_and_printed_values_stand_where_a_study_has_them(tmp_path):
    def timed(**fields):
        record = network(steps=60, optimizer="sgd", **fields)
        record.environment |= {"accelerator": "mps", "device": "Apple M4"} if fields.get("repeat") else {}
        record.repeat = 0
        return record

    records = [
        timed(rate=100.0),
        timed(rate=350.0, repeat=1),
        timed(arch="resnet50", rate=40.0),
        timed(arch="resnet50", rate=180.0, repeat=1),
    ]
    for number, record in enumerate(records):
        record.key += str(number)
    evidence = Evidence.of(write_published(records, tmp_path))
    figures = drawn(evidence, "speedup", "flops")
    rows = figures["speedup"]
    assert texts(rows, "y tick") == ["resnet18", "resnet50"]  # the larger one stands lower
    assert [row["x"] for row in of_series(rows, "T4 over Xeon")] == ["3.8", "5"]
    assert {"cpu FashionMNIST", "mps FashionMNIST"} <= {
        text.partition(",")[0] for text in texts(figures["flops"], "title")
    }


def test_axes_of_a_heatmap_are_chosen_by_short_names(decay):
    with styled():
        figure = draw_metric(decay, metric="fit_seconds", column="weight_decay")
    assert figure is not None
    assert draw_metric(decay, kind="classical") is None  # these records have none


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"rows": ["weight_decai"]}, "no axis 'weight_decai'; did you mean 'weight_decay'"),
        ({"metric": "fit_second"}, "no metric 'fit_second'; did you mean 'fit_seconds'"),
        ({"kind": "resnet"}, "no kind 'resnet' of trials; choose one of network, classical"),
        ({"dataset": "FashionMNST"}, "did you mean 'FashionMNIST'"),
    ],
)
def test_a_slip_in_a_notebook_is_named(decay, choice, message):
    with pytest.raises(InputError, match=message):
        draw_metric(decay, **choice)


def test_names_of_figures_tell_apart_and_name_their_section():
    assert len({plot.name for plot in PLOTS}) == len(PLOTS)
    assert {plot.section for plot in PLOTS} == set(SECTIONS)


def own_figure(evidence):
    figure = Figure()
    figure.subplots().plot(range(len(evidence.configurations)), evidence.configurations["value"], label="accuracy")
    return figure


def no_figure(evidence):
    return len(evidence.configurations)


ENTRY = {
    "name": "own", "section": "networks", "title": "Mine", "reading": "A line.", "python": f"{__name__}:own_figure",
}  # fmt: skip


def with_figures(evidence, *entries):
    evidence.questions = read_questions({"figures": list(entries)}, Path("mine.yaml"))
    return evidence


def test_a_figure_of_ones_own_stands_after_the_others(decay, tmp_path):
    evidence = with_figures(decay, ENTRY)
    plot = plots(evidence)[-1]
    assert (plot.name, plot.section, plot.title, plot.reading) == ("own", "networks", "Mine", "A line.")
    save(plot.draw(evidence), tmp_path, plot.name)
    assert sorted(path.name for path in tmp_path.glob("own.*")) == ["own.csv", "own.png", "own.svg"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tite": "x"}, "unknown key tite of figure 'own' in mine.yaml; did you mean 'title'"),
        ({"name": "accuracy"}, "two figures have the name accuracy"),
        ({"name": "../../evil"}, "cannot name a file"),
        ({"section": "network"}, "the section 'network'; did you mean 'networks'"),
        ({"title": 3}, "title of figure 'own' in mine.yaml is 3"),
        ({"python": "nowhere:draw"}, "cannot be found"),
    ],
)
def test_a_bad_entry_is_one_sentence(decay, change, message):
    with pytest.raises(InputError, match=message):
        plots(with_figures(decay, ENTRY | change))


def test_what_an_entry_lacks_and_what_a_function_returns_is_said(decay):
    with pytest.raises(InputError, match=r"figure 'own' in mine.yaml has no title"):
        plots(with_figures(decay, {key: value for key, value in ENTRY.items() if key != "title"}))
    evidence = with_figures(decay, ENTRY | {"python": f"{__name__}:no_figure"})
    with pytest.raises(InputError, match="returns a int; return a matplotlib Figure"):
        plots(evidence)[-1].draw(evidence)


def test_a_point_that_is_nowhere_spoils_no_data_of_a_figure():
    figure = Figure()
    ax = figure.subplots()
    ax.errorbar([1.0, float("nan"), 3.0], [1.0, 2.0, 3.0], [0.1, 0.1, 0.1])
    assert figure_data(figure).count("interval") == 2
