"""What the templates speak of: the answers, tables and lists of a report, as plain values."""

from typing import Any

import pandas as pd

from benchmark_lightning.report.comparisons import one_run
from benchmark_lightning.report.configurations import best_of, name_of
from benchmark_lightning.report.evidence import Evidence
from benchmark_lightning.report.hardware import (
    PUBLISHED_DEVICES,
    PUBLISHED_OPTIMIZER,
    PUBLISHED_PRECISION,
    PUBLISHED_SECONDS,
    PUBLISHED_SPEEDUP,
    Timing,
    device_labels,
)
from benchmark_lightning.report.statistics import Estimate, difference, ratio
from benchmark_lightning.report.svm_figures import growths
from benchmark_lightning.report.verdicts import VERDICTS, Claim
from benchmark_lightning.report.wording import count, estimate, training_images

# Test accuracy on the published split. Source: Xiao, Rasul and Vollgraf (2017), Fashion-MNIST, table of benchmarks.
PUBLISHED_SVM = {
    ("FashionMNIST", "rbf", 10.0): 0.897, ("FashionMNIST", "poly", 10.0): 0.891,
    ("MNIST", "rbf", 10.0): 0.973, ("MNIST", "poly", 10.0): 0.976,
}  # fmt: skip


def facts(evidence: Evidence, claims: list[Claim]) -> dict[str, Any]:
    """Everything that the report's templates need, by name."""
    table = evidence.table
    return {
        "datasets": sorted(table["dataset"].unique()),
        "num_trials": len(table),
        "statuses": table["status"].value_counts().to_dict(),
        "data_rows": _data_rows(table),
        "claims": claims,
        "verdicts": {verdict: sum(claim.verdict == verdict for claim in claims) for verdict in VERDICTS},
        "best": best_rows(evidence),
        "kernels": kernel_rows(evidence),
        "growth": growth_rows(evidence),
        "hardware": hardware_tables(evidence),
        "speedups": evidence.speedups,
        "gpu_answers": gpu_answers(evidence),
        "utilization": _utilization_rows(evidence.timings),
        "standard": standard_rows(evidence),
        "environments": _environments(table),
        "failures": _failures(table),
        "contended": _names(table[table["is_contended"]]),
        "num_unknown_contention": int(((table["status"] == "ok") & ~table["knows_contention"]).sum()),
        "problems": evidence.problems,
        "remedies": list(dict.fromkeys(claim.remedy for claim in claims if claim.verdict == "not measured")),
    }


WORTH_SAYING = 1.05  # a saving of less than this is no news


def _data_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ["dataset", "split", "num_train", "num_val", "num_test", "split_hash"]
    return _records(table.groupby(columns, dropna=False).size().reset_index(name="num_trials"))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dictionaries, with None for what is missing."""
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()} for row in frame.to_dict("records")
    ]


def best_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Of each data set and setting: the best network, those that cannot be told from it, and the fastest among these."""
    rows = []
    for title, group in evidence.panels(evidence.networks):
        best = best_of(group)
        if best is None:
            continue
        as_good = group[group["is_as_good_as_best"]]
        with_cost = as_good[as_good["cost"].notna()]
        fastest = with_cost.loc[with_cost["cost"].map(lambda cost: cost.value).idxmin()] if len(with_cost) else best
        saving = None
        if best["cost"] and fastest["cost"] and fastest["configuration"] != best["configuration"]:
            saving = ratio(best["cost"], fastest["cost"])
            if saving.value < WORTH_SAYING:
                saving = None
        rows.append({
            "title": title, "best": name_of(best), "accuracy": best["accuracy"], "cost": best["cost"],
            "num_configurations": int((group["n"] > 0).sum()), "num_as_good": len(as_good),
            "by_images_alone": bool(one_run([row for _, row in group[group["n"] > 0].iterrows()])),
            "fastest": name_of(fastest), "saving": saving,
            "fastest_accuracy": fastest["accuracy"], "fastest_cost": fastest["cost"], "device": best["device"],
        })  # fmt: skip
    return rows


def kernel_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Of each data set and number of training images with both: the best SVM beside the best network."""
    rows = []
    frame = evidence.configurations
    for (dataset, num_train, split, _), group in frame.groupby(["dataset", "num_train", "split", "split_hash"]):
        svm, network = best_of(group, kind="svm"), best_of(group, kind="resnet")
        if svm is None or (network is None and num_train < frame[frame["dataset"] == dataset]["num_train"].max()):
            continue
        lead = times = None
        if network is not None:
            lead = difference(network["accuracy"], svm["accuracy"])
            is_alike = all(network[name] == svm[name] for name in ("machine", "source_hash"))
            times = ratio(network["cost"], svm["cost"]) if is_alike and network["cost"] and svm["cost"] else None
        rows.append({
            "dataset": dataset, "num_train": num_train, "split": split, "svm": name_of(svm),
            "size": training_images(num_train, svm["train_fraction"]), "accuracy": svm["accuracy"],
            "cost": svm["cost"], "predict_seconds": svm["predict_seconds"],
            "network": None if network is None else name_of(network), "lead": lead, "times": times,
            "network_device": None if network is None else network["device"], "device": svm["device"],
            "answer": _is_enough(lead) if network is None or not one_run([network]) else "one run",
        })  # fmt: skip
    return rows


def _is_enough(lead: Estimate | None) -> str:
    if lead is None or lead.low is None or lead.high is None:
        return "unknown"
    return "no" if lead.low > 0 else "yes" if lead.high <= 0 else "equal"


def growth_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """The exponent with which the training time of each kernel grows."""
    return [
        {
            "dataset": growth.dataset, "kernel": growth.name, "num_points": len(growth.rows),
            "exponent": Estimate(growth.law.slope, growth.law.slope_low, growth.law.slope_high, len(growth.rows), ""),
        }
        for growth in growths(evidence) if growth.law is not None
    ]  # fmt: skip


_TABLE = ("dataset", "num_train", "batch_size", "precision", "variant")  # what is one table


def hardware_tables(evidence: Evidence) -> list[dict[str, Any]]:
    """Table 1: of each data set, batch size and precision, models and optimizers by device, and the speedups."""
    groups: dict[tuple[Any, ...], list[Timing]] = {}
    for timing in evidence.timings:
        work = timing.work
        groups.setdefault(tuple(work[name] for name in _TABLE), []).append(timing)
    return [_hardware_table(evidence, key, members) for key, members in groups.items()]


def _hardware_table(evidence: Evidence, key: tuple[Any, ...], members: list[Timing]) -> dict[str, Any]:
    dataset, num_train, batch_size, precision, variant = key
    devices = sorted(
        {timing.device for timing in members},
        key=lambda name: next((t.accelerator, name) for t in members if t.device == name),
    )
    works = list(dict.fromkeys((timing.work["model"], timing.work["optimizer"]) for timing in members))
    speedups = [
        speedup for speedup in evidence.speedups
        if tuple(speedup.work[name] for name in _TABLE) == key
    ]  # fmt: skip
    comparisons = list(dict.fromkeys((speedup.device, speedup.baseline) for speedup in speedups))
    rows = []
    for model, optimizer in works:
        seconds = {
            timing.device: timing.seconds
            for timing in members
            if (timing.work["model"], timing.work["optimizer"]) == (model, optimizer)
        }
        ratios = {
            (speedup.device, speedup.baseline): speedup.estimate for speedup in speedups
            if (speedup.work["model"], speedup.work["optimizer"]) == (model, optimizer)
        }  # fmt: skip
        is_published = (dataset, precision, optimizer) == ("FashionMNIST", PUBLISHED_PRECISION, PUBLISHED_OPTIMIZER)
        rows.append({
            "model": model, "optimizer": optimizer, "seconds": [seconds.get(device) for device in devices],
            "speedups": [ratios.get(comparison) for comparison in comparisons],
            "published": PUBLISHED_SECONDS.get(model) if is_published else None,
            "published_speedup": PUBLISHED_SPEEDUP.get(model) if is_published else None,
        })  # fmt: skip
    return {
        "dataset": dataset, "num_train": num_train, "batch_size": batch_size, "precision": precision, "variant": variant,
        "devices": devices,
        "comparisons": comparisons, "rows": rows, "has_published": any(row["published"] for row in rows),
        "published_devices": PUBLISHED_DEVICES,
        "has_pairs": all(speedup.is_paired for speedup in speedups),
    }  # fmt: skip


def gpu_answers(evidence: Evidence) -> list[dict[str, Any]]:
    """Of each GPU, kind of work and baseline: the speedup of each model."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for speedup in evidence.speedups:
        work = speedup.work
        if speedup.is_on_gpu:
            what = f"{work['dataset']}, batch {count(work['batch_size'])}, {work['precision']}{work['variant']}"
            told = f"{work['model']} with {work['optimizer']} {estimate(speedup.estimate)}"
            groups.setdefault((what, speedup.device, speedup.baseline), []).append(told)
    return [
        {"what": what, "device": device, "baseline": baseline, "models": models}
        for (what, device, baseline), models in groups.items()
    ]


def _utilization_rows(timings: list[Timing]) -> list[dict[str, Any]]:
    """The lowest and the highest share of each device's peak."""
    rows = []
    for device in dict.fromkeys(timing.device for timing in timings):
        known = sorted(
            (t for t in timings if t.device == device and t.utilization is not None), key=lambda t: t.utilization or 0.0
        )
        if known:
            rows.append({"device": device, "lowest": known[0], "highest": known[-1], "num": len(known)})
    return rows


def standard_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """SVMs trained on the published split, beside what was published for them."""
    svms = evidence.svms
    rows = []
    for _, row in svms[(svms["split"] == "standard") & (svms["n"] > 0)].iterrows():
        published = PUBLISHED_SVM.get((row["dataset"], row["kernel"], row["C"]))
        rows.append(
            {
                "dataset": row["dataset"],
                "name": name_of(row),
                "num_train": row["num_train"],
                "accuracy": row["accuracy"],
                "published": published,
            }
        )
    return rows


def _environments(table: pd.DataFrame) -> list[dict[str, Any]]:
    ran = table[table["status"] != "skipped"]
    ran = ran.assign(label=device_labels(ran))
    columns = ["label", "machine", "accelerator", "effective_precision", "torch", "code", "source_hash"]
    return _records(ran.groupby(columns, dropna=False).size().reset_index(name="num_trials"))


def _names(trials: pd.DataFrame) -> list[str]:
    return [f"{row.sweep}/{row.trial}" for row in trials.itertuples()]


def _failures(table: pd.DataFrame) -> list[dict[str, Any]]:
    """What did not end well, by status and reason, with the trials."""
    others = table[table["status"] != "ok"]
    rows = []
    for (status, error), group in others.groupby(["status", others["error"].fillna("no reason was recorded")]):
        names = _names(group)
        rows.append(
            {
                "status": status,
                "error": error,
                "num_trials": len(names),
                "names": names[:3],
                "num_more": max(len(names) - 3, 0),
            }
        )
    return rows
