"""The claims of the published study that are odder than a comparison; study.yaml names these functions."""

import pandas as pd

from benchmark_lightning.report.claims.judging import asked, one_run, select
from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.configurations import best_of
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.scaling import flops_lines
from benchmark_lightning.report.evidence.statistics import Estimate

REACHED = (0.9275, 1.0)  # 92.8 %, as printed
ALL_TRAINING_IMAGES = 49_000  # of MNIST and of FashionMNIST in the study's split
FASHION = {"kind": "network", "dataset": "FashionMNIST", "split": "pooled"}
CELLS = {
    (batch_size, lr) for batch_size in (16, 32, 64) for lr in (1e-3, 1e-4)
}  # of configs/sweep/hyperparameters.yaml


def reached(evidence: Evidence) -> list[Finding]:
    """The best accuracy of ResNet-18 with Adam; below 92.8 % it decides only where the whole grid was tried."""

    def compare(where: str, group: pd.DataFrame) -> list[Finding]:
        tried = select(evidence, group, {"model.arch": "resnet18", "model.optimizer": "adam"})
        tried = tried[tried["num_train"] == ALL_TRAINING_IMAGES]
        ours = best_of(tried)
        if ours is None:
            return [Finding(f"{where}: test accuracy of ResNet-18 with Adam", None, REACHED, "accuracy")]
        configs = [evidence.configs[name] for name in tried["configuration"]]
        missing = CELLS - {(config.get("data.batch_size"), config.get("model.lr")) for config in configs}
        caveat = one_run([ours])
        if missing and ours["accuracy"].value < REACHED[0]:
            caveat = (
                f"{len(missing)} of the {len(CELLS)} batch sizes and learning rates were not tried and may reach it"
            )
        return [Finding(f"{where}: test accuracy of {ours['name']}", ours["accuracy"], REACHED, "accuracy", caveat)]

    return asked(evidence, _trained(evidence), compare)


def _trained(evidence: Evidence) -> pd.DataFrame:
    """The networks that were trained on the study's split of FashionMNIST."""
    networks = evidence.networks
    return select(evidence, networks[networks["n"] > 0], FASHION)


def early_peak(evidence: Evidence) -> list[Finding]:
    """The epoch in which the runs of the best network are best on the validation images."""

    def compare(where: str, group: pd.DataFrame) -> list[Finding]:
        best = best_of(group)
        assert best is not None
        runs = evidence.runs_of(best["configuration"])
        epochs = sorted((runs[runs["num_epochs"] > 2]["best_epoch"].dropna() + 1).tolist())
        estimate = None
        if epochs:
            low, high = (epochs[0], epochs[-1]) if len(epochs) > 2 else (None, None)
            middle = float(pd.Series(epochs).median())
            estimate = Estimate(middle, low, high, len(epochs), f"{len(epochs)} runs: their range", "range")
        alone = ", the only configuration with these settings" if len(group) == 1 else ""
        what = f"{where}, {best['name']}{alone}: epoch of the best validation accuracy"
        return [Finding(what, estimate, (1, 2), "epochs")]

    return asked(evidence, _trained(evidence), compare)


def linear_in_flops(evidence: Evidence) -> list[Finding]:
    """How far off the line between GFLOPs and time on a GPU a model lies."""
    findings = []
    for name, members, line in flops_lines(evidence.timings):
        if members[0].accelerator == "cpu":
            continue
        estimate = None
        if line is not None:
            worst = members[line.worst].work["model"]
            off = abs(line.worst_relative)
            noise = max(member.seconds.half_width / member.seconds.value for member in members)
            has_interval = all(member.seconds.low is not None for member in members)
            low, high = (max(off - noise, 0.0), off + noise) if has_interval else (None, None)
            num_runs = min(member.seconds.n for member in members)
            estimate = Estimate(off, low, high, num_runs, "the widest interval of a time")
            name += f", R2 {line.r_squared:.3f}, worst at {worst}"
        findings.append(Finding(f"{name}: distance of a model from the line", estimate, (0, 0.1), "share"))
    return findings
