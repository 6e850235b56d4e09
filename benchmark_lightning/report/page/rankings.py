"""Tables of a report about accuracy: what varied, what is best, and whether a classical method is enough."""

from typing import Any

import pandas as pd

from benchmark_lightning.report.claims.judging import one_run
from benchmark_lightning.report.evidence.configurations import best_of, main_split
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.formatting import is_missing, training_images
from benchmark_lightning.report.evidence.scaling import growths
from benchmark_lightning.report.evidence.settings import KINDS, as_text, axis_label, is_given
from benchmark_lightning.report.evidence.statistics import Estimate, difference, ratio

WORTH_SAYING = 1.05  # a saving of less than this is no news


def axis_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """The axes on which the trained configurations differ, with their values."""
    rows = []
    for kind, frame in evidence.configurations.groupby("kind"):
        models = list(dict.fromkeys(frame["model"]))
        found = [("model", models)] if len(models) > 1 else []
        for axis in evidence.varying(frame):
            given = {as_text(value): value for value in frame[axis] if is_given(value)}.values()
            numbers = sorted((value for value in given if not isinstance(value, str)), key=float)
            found.append((axis, [*numbers, *sorted(value for value in given if isinstance(value, str))]))
        for axis, values in found:
            told = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
            rows.append({"kind": KINDS[str(kind)], "axis": axis, "label": axis_label(axis), "values": told})
    return rows


def best_rows(evidence: Evidence, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Of each data set and setting: the best configuration, those as good, and the fastest among these."""
    rows = []
    main = set(main_split(frame)["split_hash"])
    for title, group in evidence.panels(frame):
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
        done = group[group["n"] > 0]
        rows.append({
            "title": title, "best": best["name"], "accuracy": best["accuracy"], "cost": best["cost"],
            "num_configurations": len(done), "num_as_good": len(as_good),
            "by_images_alone": bool(one_run([row for _, row in done.iterrows()])),
            "fastest": fastest["name"], "saving": saving,
            "fastest_accuracy": fastest["accuracy"], "fastest_cost": fastest["cost"], "device": best["device"],
            "is_main": best["split_hash"] in main,
        })  # fmt: skip
    return rows


def classical_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Of each data set and number of training images: the best classical method, compared with the best network."""
    rows = []
    frame = evidence.configurations
    main = set(main_split(frame)["split_hash"])
    data = ["dataset", "num_train", "split", "split_hash", "fingerprint"]
    for (dataset, num_train, split, split_hash, _), group in frame.groupby(data, dropna=False):
        method, network = best_of(group, kind="classical"), best_of(group, kind="network")
        if method is None or (network is None and num_train < frame[frame["dataset"] == dataset]["num_train"].max()):
            continue
        lead = times = None
        if network is not None:
            lead = difference(network["accuracy"], method["accuracy"])
            is_alike = all(network[name] == method[name] for name in ("machine", "source_hash"))
            times = ratio(network["cost"], method["cost"]) if is_alike and network["cost"] and method["cost"] else None
        rows.append({
            "dataset": dataset, "num_train": num_train, "split": None if is_missing(split) else split, "is_main": split_hash in main, "method": method["name"],
            "size": training_images(num_train, method["train_fraction"]), "accuracy": method["accuracy"],
            "cost": method["cost"], "predict_seconds": method["predict_seconds"], "model_bytes": method["model_bytes"],
            "network": None if network is None else network["name"], "lead": lead, "times": times,
            "network_device": None if network is None else network["device"], "device": method["device"],
            "answer": _is_enough(lead) if network is None or not one_run([network, method]) else "one run",
        })  # fmt: skip
    return rows


def method_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Of each data set, on the most training images: the best configuration of each classical method, best first."""
    rows = []
    done = main_split(evidence.classical[evidence.classical["n"] > 0])
    for _, group in done.groupby(["dataset", "machine", "source_hash", "fingerprint"], dropna=False):
        largest = group[group["num_train"] == group["num_train"].max()]
        best = [best_of(of_model) for _, of_model in largest.groupby("model")]
        ranked = sorted((row for row in best if row is not None), key=lambda row: -row["accuracy"].value)
        if len(ranked) > 1:
            size = training_images(*ranked[0][["num_train", "train_fraction"]])
            rows += [
                {
                    "dataset": row["dataset"], "size": size, "method": row["name"], "accuracy": row["accuracy"],
                    "cost": row["cost"], "predict_seconds": row["predict_seconds"], "device": row["device"],
                    "model_mib": None if is_missing(row["model_bytes"]) else row["model_bytes"] / 2**20,
                }
                for row in ranked
            ]  # fmt: skip
    return rows


def _is_enough(lead: Estimate | None) -> str:
    if lead is None or lead.low is None or lead.high is None:
        return "unknown"
    return "no" if lead.low > 0 else "yes" if lead.high <= 0 else "equal"


def growth_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """The exponent with which the training time of each classical method grows."""
    return [
        {
            "dataset": growth.dataset, "method": growth.name, "num_points": len(growth.rows),
            "exponent": Estimate(growth.law.slope, growth.law.slope_low, growth.law.slope_high, len(growth.rows), ""),
        }
        for growth in growths(evidence.classical) if growth.law is not None
    ]  # fmt: skip
