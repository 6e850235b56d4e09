"""Quantities that explain a verdict of the published study's claims without affecting it."""

from collections.abc import Iterator

import pandas as pd

from benchmark_lightning.published.claims import ALL_TRAINING_IMAGES, FASHION
from benchmark_lightning.report.claims.comparing import select
from benchmark_lightning.report.claims.verdicts import Remark
from benchmark_lightning.report.evidence.configurations import best_of
from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.formatting import count
from benchmark_lightning.report.evidence.noise import accuracy_difference
from benchmark_lightning.report.evidence.statistics import mean_of, median_of
from benchmark_lightning.report.evidence.timings import work_title

DATA = ["FashionMNIST", "MNIST"]
FEW_EPOCHS = 2  # within which the published study's best model peaks
EPOCHS = 5  # of configs/study/reference.yaml


def overfitting(evidence: Evidence) -> Iterator[Remark]:
    """How far the losses of the best FashionMNIST network on the most images have come apart."""
    where, runs = _best_runs(evidence)
    losses = [run.iloc[-1] for run in runs if {"train/loss", "val/loss"} <= set(run)]
    ratios = [
        float(last["val/loss"] / last["train/loss"])
        for last in losses
        if last["val/loss"] > 0 and last["train/loss"] > 0
    ]
    if ratios:
        yield Remark(f"{where}: loss on the validation images over that in training, last epoch", median_of(ratios))


def later_epochs(evidence: Evidence) -> Iterator[Remark]:
    """The gain of that network after the epochs within which the published one peaks."""
    where, runs = _best_runs(evidence)
    gains = []
    for run in runs:
        early = run[run["epoch"] < FEW_EPOCHS]["val/accuracy"].max() if "val/accuracy" in run else None
        if early is not None and not pd.isna(early) and run["epoch"].max() >= FEW_EPOCHS:
            gains.append(float(run["val/accuracy"].max() - early))
    if gains:
        yield Remark(f"{where}: validation accuracy that the epochs after the second add", mean_of(gains), "points")


def _best_runs(evidence: Evidence) -> tuple[str, list[pd.DataFrame]]:
    """The best FashionMNIST network on the most images, and the curves of its runs."""
    networks = evidence.networks
    networks = select(evidence, networks[networks["n"] > 0], FASHION)
    panels = evidence.panels(networks[networks["num_train"] == networks["num_train"].max()])
    ranked = [(best, title) for title, group in panels if (best := best_of(group)) is not None]
    if not ranked or evidence.curves.empty:
        return "", []
    best, title = max(ranked, key=lambda item: float(item[0]["val_accuracy"]))
    curves = evidence.curves[evidence.curves["run"].isin(evidence.runs_of(best["configuration"])["run"])]
    return f"{title}, {best['name']}", [run.sort_values("epoch") for _, run in curves.groupby("run")]


def arithmetic(evidence: Evidence) -> Iterator[Remark]:
    """How much more ResNet-50 computes than ResNet-18, by design and as both were trained."""
    networks = select(evidence, evidence.networks, {"dataset": DATA})
    designed = _ratio_of_models(networks, "macs")
    if designed is not None:
        yield Remark("multiply-accumulates of an image in ResNet-50 over those in ResNet-18, as designed", designed)
    for (accelerator, code), group in networks.groupby(["accelerator", "source_hash"], dropna=False):
        done = _ratio_of_models(group, "train_flops_per_image")
        if done is not None:
            what = "operations of a training step of ResNet-50 over those of ResNet-18, as computed on"
            several = f", code {code}" if networks["source_hash"].nunique() > 1 else ""
            yield Remark(f"{what} {accelerator}{several}", done)
    yield from length(evidence)


def _ratio_of_models(networks: pd.DataFrame, column: str) -> Estimate | None:
    """The ratio of what is counted and the same in all runs of a model."""
    small, large = (
        networks[networks["model"] == model][column].dropna().unique() for model in ("resnet18", "resnet50")
    )
    return _exactly(large[0] / small[0]) if len(small) == len(large) == 1 else None


def length(evidence: Evidence) -> Iterator[Remark]:
    """How long each grid was trained, compared with the whole study: of far less a slow optimizer arrives nowhere."""
    table = evidence.table
    runs = table[table["dataset"].isin(DATA) & table["is_whole"] & (table["status"] == "ok")]
    for (num_train, num_epochs), group in runs.groupby(["num_train", "num_epochs"]):
        if group["configuration"].nunique() > 1:
            what = (
                f"share of the training of configs/study/reference.yaml, {EPOCHS} epochs on {count(ALL_TRAINING_IMAGES)} "
                f"images: {num_epochs:g} epochs on {count(num_train)}"
            )
            yield Remark(what, _exactly(num_train * num_epochs / (EPOCHS * ALL_TRAINING_IMAGES)), "share")


def _exactly(value: float) -> Estimate:
    return Estimate(float(value), None, None, 1, "counted", "exact")


def by_strength(evidence: Evidence) -> Iterator[Remark]:
    """The lead of RBF at each C, where the best C of each kernel hides it."""
    classical = evidence.classical
    chosen = {"dataset": DATA, "split": "pooled", "estimator": "SVC"}
    svms = select(evidence, classical[classical["n"] > 0], chosen)
    svms = svms.assign(C=[evidence.configs[name].get("estimator.C") for name in svms["configuration"]])
    largest = svms.groupby("dataset")["num_train"].transform("max")
    for title, panel in evidence.panels(svms[svms["num_train"] == largest]):
        for strength, group in panel.groupby("C"):
            rbf, poly = (best_of(select(evidence, group, {"estimator.kernel": kernel})) for kernel in ("rbf", "poly"))
            if rbf is not None and poly is not None:
                lead = accuracy_difference(rbf["runs"], poly["runs"], evidence.confidence)
                yield Remark(f"{title}: lead of RBF where both have C {strength:g}", lead, "points")


def use_of_gpus(evidence: Evidence) -> Iterator[Remark]:
    """The share of a GPU's peak that each model reaches: one far below 1 waits for launches, memory or data."""
    for timing in evidence.timings:
        if timing.accelerator != "cpu" and timing.utilization is not None:
            what = work_title(timing.work, "model", "settings", "batch_size", "precision", "variant")
            used = "share of its peak of matrix products that the training uses"
            share = Estimate(timing.utilization, None, None, len(timing.rates), "median of the runs")
            yield Remark(f"{timing.device}, {what}: {used}", share, "share")
