"""What stands behind a verdict: quantities that explain it and decide nothing."""

from collections.abc import Callable, Iterator

import pandas as pd

from benchmark_lightning.report.configurations import best_of, name_of, study_split
from benchmark_lightning.report.evidence import Evidence
from benchmark_lightning.report.statistics import Estimate, difference, mean_of, median_of
from benchmark_lightning.report.verdicts import Claim, Remark
from benchmark_lightning.report.wording import count

FEW_EPOCHS = 2  # within which the published study's best model peaks


def with_background(claim: Claim, evidence: Evidence) -> Claim:
    """The claim with what the records have to explain it."""
    explain = _EXPLANATIONS.get(claim.number)
    return claim if explain is None else claim._replace(background=tuple(explain(evidence)))


def _learning(evidence: Evidence) -> Iterator[Remark]:
    """Of the best FashionMNIST network on the most images: what later epochs gave, and how far it overfits."""
    best, title = _best_on_most(evidence)
    if best is None or evidence.curves.empty:
        return
    curves = evidence.curves[evidence.curves["run"].isin(evidence.runs_of(best["configuration"])["run"])]
    gains, ratios = [], []
    for _, run in curves.sort_values("epoch").groupby("run"):
        if "val/accuracy" in run and run["val/accuracy"].notna().sum() > FEW_EPOCHS:
            gains.append(float(run["val/accuracy"].max() - run["val/accuracy"][run["epoch"] < FEW_EPOCHS].max()))
        last = run.iloc[-1]
        if last.get("train/loss", 0) > 0 and last.get("val/loss", 0) > 0:
            ratios.append(float(last["val/loss"] / last["train/loss"]))
    where = f"{title}, {name_of(best)}"
    if gains:
        yield Remark(f"{where}: validation accuracy gained after epoch {FEW_EPOCHS}", mean_of(gains), "points")
    if ratios:
        yield Remark(f"{where}: loss on the validation images over that in training, last epoch", median_of(ratios))


def _best_on_most(evidence: Evidence) -> tuple[pd.Series | None, str]:
    """The best network of the study's split on the most FashionMNIST images, and its panel's title."""
    networks = study_split(evidence.networks[evidence.networks["n"] > 0])
    networks = networks[networks["dataset"] == "FashionMNIST"]
    panels = evidence.panels(networks[networks["num_train"] == networks["num_train"].max()])
    ranked = [(best, title) for title, group in panels if (best := best_of(group)) is not None]
    return max(ranked, key=lambda item: float(item[0]["val_accuracy"]), default=(None, ""))


def _arithmetic(evidence: Evidence) -> Iterator[Remark]:
    """How much more ResNet-50 computes than ResNet-18, as both were trained."""
    networks = evidence.networks
    flops = [
        networks[networks["model"] == model]["train_flops_per_image"].dropna() for model in ("resnet18", "resnet50")
    ]
    if all(len(values) for values in flops):
        value = float(flops[1].median() / flops[0].median())
        counted = Estimate(value, value, value, 1, "counted")
        yield Remark("operations of a training step of ResNet-50 over those of ResNet-18", counted)


def _by_strength(evidence: Evidence) -> Iterator[Remark]:
    """The lead of RBF at each C, where the best C of each kernel hides it."""
    svms = study_split(evidence.svms[evidence.svms["n"] > 0])
    for title, panel in evidence.panels(
        svms[svms["num_train"] == svms.groupby("dataset")["num_train"].transform("max")]
    ):
        for strength, group in panel.groupby("C"):
            rbf, poly = (best_of(group, kernel=kernel) for kernel in ("rbf", "poly"))
            if rbf is not None and poly is not None:
                lead = difference(rbf["accuracy"], poly["accuracy"])
                yield Remark(f"{title}: lead of RBF where both have C {strength:g}", lead, "points")


def _use_of_gpus(evidence: Evidence) -> Iterator[Remark]:
    """What share of its peak each model gets out of a GPU: what is far from it waits for launches, memory or data."""
    for timing in evidence.timings:
        if timing.accelerator == "cuda" and timing.utilization is not None:
            share = Estimate(timing.utilization, timing.utilization, timing.utilization, len(timing.rates), "median")
            work = timing.work
            what = f"{work['model']}, {work['optimizer']}, batch {count(work['batch_size'])}, {work['precision']}{work['variant']}"
            yield Remark(
                f"{timing.device}, {what}: share of its peak of matrix products that the training uses", share, "share"
            )


_EXPLANATIONS: dict[int, Callable[[Evidence], Iterator[Remark]]] = {
    1: _learning, 2: _arithmetic, 4: _learning, 5: _by_strength, 7: _use_of_gpus, 8: _use_of_gpus,
}  # fmt: skip
