"""The claims of the published study that are odder than a comparison; study.yaml names these functions."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from benchmark_lightning.report.claims.comparing import select
from benchmark_lightning.report.claims.judging import asked
from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.choice import best_runs
from benchmark_lightning.report.evidence.configurations import best_of
from benchmark_lightning.report.evidence.estimate import Estimate, Noise, half_width
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.noise import mean_accuracy
from benchmark_lightning.report.evidence.scaling import flops_lines, gflops
from benchmark_lightning.report.evidence.statistics import Line
from benchmark_lightning.report.evidence.timings import Timing

REACHED = (0.9275, 1.0)  # 92.8 %, as printed
EARLY = 2  # epochs
MOST = (0.5, 1.0)  # of the seeds
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
        accuracy = mean_accuracy(best_runs(tried["runs"].tolist()), evidence.confidence)
        configs = [evidence.configs[name] for name in tried["configuration"]]
        missing = CELLS - {(config.get("data.batch_size"), config.get("model.lr")) for config in configs}
        caveat = ""
        if missing and accuracy.value < REACHED[0]:
            caveat = (
                f"{len(missing)} of the {len(CELLS)} batch sizes and learning rates were not tried and may reach it"
            )
        what = f"{where}: test accuracy of {ours['name']}"
        return [Finding(what, accuracy, REACHED, "accuracy", caveat, (tuple(tried["configuration"]),))]

    return asked(evidence, _trained(evidence), compare)


def _trained(evidence: Evidence) -> pd.DataFrame:
    """The networks that were trained on the study's split of FashionMNIST."""
    networks = evidence.networks
    return select(evidence, networks[networks["n"] > 0], FASHION)


def early_peak(evidence: Evidence) -> list[Finding]:
    """How many seeds of the best network are best on the validation images by the second epoch."""

    def compare(where: str, group: pd.DataFrame) -> list[Finding]:
        best = best_of(group)
        assert best is not None
        runs = evidence.runs_of(best["configuration"])
        runs = runs[(runs["num_epochs"] > EARLY) & runs["best_epoch"].notna()].drop_duplicates("seed")
        estimate = None
        if len(runs):
            num_early, n = int((runs["best_epoch"] < EARLY).sum()), len(runs)
            ends = stats.binomtest(num_early, n).proportion_ci(evidence.confidence, method="exact")
            fewest = math.ceil(math.log((1 - evidence.confidence) / 2, MOST[0]))
            method = f"{num_early} of {n} seeds: Clopper and Pearson; {fewest} that agree are the fewest that decide it"
            estimate = Estimate(num_early / n, float(ends.low), float(ends.high), n, method)
        alone = ", the only configuration with these settings" if len(group) == 1 else ""
        what = f"{where}, {best['name']}{alone}: share of the seeds that peak within {EARLY} epochs"
        return [Finding(what, estimate, MOST, "share", "", ((best["configuration"],),))]

    return asked(evidence, _trained(evidence), compare)


def linear_in_flops(evidence: Evidence) -> list[Finding]:
    """How far off the line through the others, in GFLOPs and time on a GPU, a model lies."""
    findings = []
    for name, members, line in flops_lines(evidence.timings):
        if members[0].accelerator == "cpu":
            continue
        estimate = None
        if line is not None:
            worst = members[line.worst].work["model"]
            name += f", R2 {line.r_squared:.3f}, worst at {worst}"
            level = 1 - (1 - evidence.confidence) / len(members)  # it is the worst of them
            estimate = _distance(members, line, level)
        findings.append(Finding(f"{name}: distance of a model from the line", estimate, (0, 0.1), "share"))
    return findings


def _distance(members: Sequence[Timing], line: Line, confidence: float) -> Estimate:
    """The relative residual of the worst model, with what the noise of all times does to it.

    A model far from the others pulls the line to itself: each time moves each residual by its leverage.
    """
    off, n = abs(line.worst_relative), min(member.seconds.n for member in members)
    noises = [member.seconds.noise for member in members]
    if any(noise is None for noise in noises):
        return Estimate(off, None, None, n, "a model ran once: no interval")
    design = np.column_stack([np.ones(len(members)), [gflops(member) for member in members]])
    hat = design @ np.linalg.pinv(design)
    moves = (np.eye(len(members)) - hat)[line.worst] * [member.seconds.value for member in members]
    shares = [(move / members[line.worst].seconds.value) ** 2 for move in moves]
    parts = [share * noise.seeds for share, noise in zip(shares, noises, strict=True) if noise is not None]
    known = sum(part**2 / noise.df for part, noise in zip(parts, noises, strict=True) if noise is not None)
    noise = Noise(sum(parts), sum(parts) ** 2 / known if known > 0 else math.inf, num_seeds=n)
    half = half_width(noise, confidence)
    return Estimate(off, max(off - half, 0.0), off + half, n, f"{n} runs of each model, by their leverage", noise=noise)
