"""The nine claims of the published study, each a function over the records, and what becomes of them here."""

from collections.abc import Callable

import pandas as pd

from benchmark_lightning.report.background import with_background
from benchmark_lightning.report.comparisons import accuracy_lost, asked, one_run, pairs, times_longer
from benchmark_lightning.report.configurations import ALL_TRAINING_IMAGES, best_of, name_of
from benchmark_lightning.report.evidence import Evidence
from benchmark_lightning.report.hardware import Speedup
from benchmark_lightning.report.hardware_figures import flops_lines
from benchmark_lightning.report.statistics import Estimate, difference, ratio
from benchmark_lightning.report.verdicts import Claim, Finding
from benchmark_lightning.report.wording import count

INFINITY = float("inf")
POINT = 0.01  # of accuracy
GRID = "`benchmark-lightning sweep configs/sweep/hyperparameters.yaml`"
SVM = "`benchmark-lightning sweep configs/sweep/svm.yaml`"
HARDWARE = "`benchmark-lightning sweep configs/sweep/hardware.yaml`"
REACHED = (0.9275, 1.0)  # 92.8 %, as printed
CELLS = {
    (batch_size, lr) for batch_size in (16, 32, 64) for lr in (1e-3, 1e-4)
}  # of configs/sweep/hyperparameters.yaml


def check_claims(evidence: Evidence) -> list[Claim]:
    """All nine claims, in their order."""
    return [with_background(claim(evidence), evidence) for claim in CLAIMS]


def best_accuracy(evidence: Evidence) -> Claim:
    """Claim 1."""

    def lead(where: str, group: pd.DataFrame) -> list[Finding]:
        is_ours = (group["model"] == "resnet18") & (group["optimizer"] == "adam")
        ours, rival = best_of(group[is_ours]), best_of(group[~is_ours])
        what = f"{where}: lead of ResNet-18 with Adam"
        if ours is None or rival is None:
            return [Finding(what, None, (0, 1), "points")]
        estimate = difference(ours["accuracy"], rival["accuracy"])
        return [Finding(f"{what} over {name_of(rival)}", estimate, (0, 1), "points", one_run([ours, rival]))]

    def reached(where: str, group: pd.DataFrame) -> list[Finding]:
        asked_for = {"model": "resnet18", "optimizer": "adam", "num_train": ALL_TRAINING_IMAGES}
        ours = best_of(group, **asked_for)
        if ours is None:
            return [Finding(f"{where}: test accuracy of ResNet-18 with Adam", None, REACHED, "accuracy")]
        tried = group[(group[list(asked_for)] == pd.Series(asked_for)).all(axis=1) & (group["n"] > 0)]
        missing = CELLS - set(zip(tried["batch_size"], tried["lr"], strict=True))
        caveat = one_run([ours])
        if missing and ours["accuracy"].value < REACHED[0]:
            caveat = (
                f"{len(missing)} of the {len(CELLS)} batch sizes and learning rates were not tried and may reach it"
            )
        return [Finding(f"{where}: test accuracy of {name_of(ours)}", ours["accuracy"], REACHED, "accuracy", caveat)]

    networks = evidence.networks
    findings = asked(evidence, networks, lead, ("FashionMNIST",))
    if "FashionMNIST" in set(networks["dataset"]):
        findings += asked(evidence, networks, reached, ("FashionMNIST",))
    return Claim(
        1, "ResNet-18 with Adam reaches the best FashionMNIST accuracy, 92.8 %", "abstract, 1", "0.928",
        "it leads the best of all others, and one of the six batch sizes and learning rates of our grid reaches 0.9275 with all 49,000 training images",
        findings, GRID,
    )  # fmt: skip


def small_model(evidence: Evidence) -> Claim:
    """Claim 2."""

    def compare(where: str, group: pd.DataFrame) -> list[Finding]:
        found = pairs(group, "model", "resnet50", "resnet18")
        caveat = one_run([row for pair in found for row in pair])
        what = f"{where}: training time of ResNet-50 over ResNet-18"
        return [
            Finding(what, times_longer(found), (1.5, 3.5), "ratio", caveat),
            accuracy_lost(f"{where}: accuracy that ResNet-18 gives away", found, (-1, POINT)),
        ]

    return Claim(
        2, "ResNet-18 trains 2x-3x faster than ResNet-50 with negligible accuracy loss", "1.2.2", "2x-3x",
        "where both were trained alike, ResNet-18 is 1.5 to 3.5 times as fast, and loses less than one point of accuracy",
        asked(evidence, evidence.networks, compare), GRID,
    )  # fmt: skip


def low_learning_rate(evidence: Evidence) -> Claim:
    """Claim 3."""

    def compare(where: str, group: pd.DataFrame) -> list[Finding]:
        return [
            accuracy_lost(
                f"{where}: accuracy that {optimizer} loses from lr 1e-3 to 1e-4",
                pairs(group[group["optimizer"] == optimizer], "lr", 1e-3, 1e-4),
                region,
            )
            for optimizer, region in (("sgd", (POINT, 1.0)), ("adam", (-1.0, POINT)))
        ]

    return Claim(
        3, "SGD degrades at learning rate 1e-4, Adam stays robust", "1.2.3", "-",
        "where both rates were trained alike, SGD loses more than one point of accuracy on average, and Adam less",
        asked(evidence, evidence.networks, compare), GRID,
    )  # fmt: skip


def early_peak(evidence: Evidence) -> Claim:
    """Claim 4."""

    def compare(where: str, group: pd.DataFrame) -> list[Finding]:
        best = best_of(group)
        if best is None:
            return []
        runs = evidence.runs_of(best["configuration"])
        epochs = sorted((runs[runs["num_epochs"] > 2]["best_epoch"].dropna() + 1).tolist())
        estimate = None
        if epochs:
            low, high = (epochs[0], epochs[-1]) if len(epochs) > 2 else (None, None)
            middle = float(pd.Series(epochs).median())
            estimate = Estimate(middle, low, high, len(epochs), f"{len(epochs)} runs: their range", "range")
        alone = ", the only configuration trained so" if (group["n"] > 0).sum() == 1 else ""
        what = f"{where}, {name_of(best)}{alone}: epoch of the best validation accuracy"
        return [Finding(what, estimate, (1, 2), "epochs")]

    return Claim(
        4, "The best model peaks within 2 epochs", "1.2.4", "2 epochs",
        "all runs (three at least, of three epochs at least) of the best configuration peak in epoch 1 or 2",
        asked(evidence, evidence.networks, compare, ("FashionMNIST",)), GRID,
    )  # fmt: skip


def rbf_over_poly(evidence: Evidence) -> Claim:
    """Claim 5."""

    def compare(where: str, group: pd.DataFrame) -> list[Finding]:
        rbf, poly = (best_of(group, kernel=kernel) for kernel in ("rbf", "poly"))
        if rbf is None or poly is None:
            return [Finding(f"{where}: lead of RBF", None, (0, 1), "points")]
        lead = difference(rbf["accuracy"], poly["accuracy"])
        what = f"{where}: lead of RBF ({name_of(rbf)} over {name_of(poly)})"
        findings = [Finding(what, lead, (0.0, 1.0), "points")]
        if rbf["dataset"] == "FashionMNIST":
            findings.append(Finding(f"{what}, as large as published", lead, (0.015, 0.025), "points"))
        return findings

    return Claim(
        5, "The RBF kernel beats the polynomial one, by about 2 points on FashionMNIST", "2.2.1", "2 points",
        "each kernel with its best C by validation accuracy, RBF leads, on FashionMNIST by 1.5 to 2.5 points (which 14,000 test images can refute, but hardly prove)",
        asked(evidence, evidence.svms, compare), SVM,
    )  # fmt: skip


def svm_beside_gpu(evidence: Evidence) -> Claim:
    """Claim 6."""

    def compare(where: str, group: pd.DataFrame) -> list[Finding]:
        svm = best_of(group)
        if svm is None:
            return []
        same = {name: svm[name] for name in ("dataset", "num_train", "split_hash")}
        network = best_of(evidence.networks, accelerator="cuda", **same)
        slower, what = None, "the best network on a GPU"
        if network is not None and network["cost"] and svm["cost"]:
            slower, what = ratio(svm["cost"], network["cost"]), f"{name_of(network)} on {network['device']}"
        return [
            Finding(f"{where}: test accuracy of {name_of(svm)}", svm["accuracy"], (0.875, 1), "accuracy"),
            Finding(f"{where}: seconds to fit on {svm['device']} over those of {what}", slower, (1, INFINITY)),
        ]

    return Claim(
        6, "SVMs reach 88-97 % but are slower than ResNet on the GPU", "2.2.2", "0.88-0.97",
        "the best SVM reaches at least 0.875, and takes longer to fit than the best network on a GPU to train",
        asked(evidence, evidence.svms, compare), f"{SVM}, and {GRID} on a machine with a GPU",
    )  # fmt: skip


def gpu_speedup(evidence: Evidence) -> Claim:
    """Claim 7."""
    findings = [
        Finding(f"{_work(speedup)}: {speedup.device} over {speedup.baseline}", speedup.estimate, (3.5, 5.5))
        for speedup in _on_gpu(evidence)
    ]
    return Claim(
        7, "A GPU is 4x-5x faster than the CPU", "abstract, 3.2", "3.8x, 4.3x, 5.0x",
        "the steady rate of each model is 3.5 to 5.5 times that of the CPU", findings, f"{HARDWARE} on a machine with a GPU",
    )  # fmt: skip


def larger_gains(evidence: Evidence) -> Claim:
    """Claim 8."""
    measured = _on_gpu(evidence)
    findings = []
    for small in measured:
        if small.work["model"] != "resnet18":
            continue
        for large in measured:
            if large.work["model"] == "resnet50" and _same_but_model(small, large):
                gain = ratio(large.estimate, small.estimate)
                findings.append(
                    Finding(
                        f"{_work(small, with_model=False)}: speedup of ResNet-50 over that of ResNet-18",
                        gain,
                        (1, INFINITY),
                    )
                )
    return Claim(
        8, "Larger models gain more from the GPU: compute-bound against launch-bound", "3.2.1", "5.0 / 3.8 = 1.3",
        "the speedup of ResNet-50 is larger than that of ResNet-18", findings, f"{HARDWARE} on a machine with a GPU",
    )  # fmt: skip


def linear_in_flops(evidence: Evidence) -> Claim:
    """Claim 9."""
    findings = []
    for name, members, line in flops_lines(evidence):
        if members[0].accelerator != "cuda":
            continue
        estimate = None
        if line is not None:
            worst = members[line.worst].work["model"]
            off = abs(line.worst_relative)
            noise = max(member.seconds.half_width / member.seconds.value for member in members)
            has_interval = all(member.seconds.low is not None for member in members)
            low, high = (max(off - noise, 0.0), off + noise) if has_interval else (None, None)
            estimate = Estimate(
                off, low, high, min(member.seconds.n for member in members), "the widest interval of a time"
            )
            name += f", R2 {line.r_squared:.3f}, worst at {worst}"
        findings.append(Finding(f"{name}: distance of a model from the line", estimate, (0, 0.1), "share"))
    return Claim(
        9, "GPU training time is linear in GFLOPs", "3.2.2", "linear",
        "no model (of three at least) lies more than 10 % off the line", findings, f"{HARDWARE} on a machine with a GPU",
    )  # fmt: skip


CLAIMS: tuple[Callable[[Evidence], Claim], ...] = (
    best_accuracy, small_model, low_learning_rate, early_peak, rbf_over_poly, svm_beside_gpu, gpu_speedup, larger_gains,
    linear_in_flops,
)  # fmt: skip


def _on_gpu(evidence: Evidence) -> list[Speedup]:
    """Speedups on the study's data set where there are any, and at the study's precision."""
    measured = [speedup for speedup in evidence.speedups if speedup.is_on_gpu]
    for column, wanted in (("dataset", "FashionMNIST"), ("precision", "16-mixed")):
        measured = [speedup for speedup in measured if speedup.work[column] == wanted] or measured
    return measured


def _work(speedup: Speedup, with_model: bool = True) -> str:
    work = speedup.work
    model = f"{work['model']}, " if with_model else ""
    return f"{work['dataset']}, {model}{work['optimizer']}, batch {count(work['batch_size'])}, {work['precision']}{work['variant']}"


def _same_but_model(left: Speedup, right: Speedup) -> bool:
    same = all(left.work[key] == right.work[key] for key in left.work if key != "model")
    return same and (left.device, left.baseline) == (right.device, right.baseline)
