"""Tables of a report about accuracy: what varied, what is best, and whether a classical method is enough."""

from typing import Any, NamedTuple

import pandas as pd

from benchmark_lightning.report.claims.comparing import lead_of_best
from benchmark_lightning.report.evidence.choice import best_runs
from benchmark_lightning.report.evidence.configurations import best_of, main_split
from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.formatting import is_missing, training_images
from benchmark_lightning.report.evidence.noise import accuracy_difference, mean_accuracy
from benchmark_lightning.report.evidence.scaling import growths
from benchmark_lightning.report.evidence.settings import KINDS, as_text, axis_label, is_given
from benchmark_lightning.report.evidence.statistics import ratio


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
    """Of each data set and setting: the best configuration, those that could be it, and a faster one that is as good."""
    rows = []
    main = set(main_split(frame)["split_hash"])
    for title, group in evidence.panels(frame):
        done = group[group["n"] > 0]
        best = best_of(done)
        if best is None:
            continue
        chosen = best_runs(done["runs"].tolist())
        rows.append({
            "title": title, "best": best["name"], "cost": best["cost"], "device": best["device"],
            "accuracy": mean_accuracy(chosen, evidence.confidence), "is_chosen_twice": chosen.dependence == 1,
            "num_configurations": len(done), "num_could_be_best": int(done["could_be_best"].sum()),
            "num_of_one_seed": sum(not runs.has_spread for runs in done["runs"]),
            "recommendation": recommend(done, best, evidence.questions.margin, evidence.judged_confidence),
            "is_main": best["split_hash"] in main,
        })  # fmt: skip
    return rows


class Recommendation(NamedTuple):
    """A configuration that is as good as the best within the margin, and faster.

    Args:
        name: of the configuration.
        given_away: accuracy of the best minus its own; the interval lies below the margin.
        share: its seconds of training over those of the best; the interval lies below 1.
        accuracy: its own.
        cost: its seconds of training.
    """

    name: str
    given_away: Estimate
    share: Estimate
    accuracy: Estimate
    cost: Estimate


def recommend(group: pd.DataFrame, best: pd.Series, margin: float, confidence: float) -> Recommendation | None:
    """The fastest configuration that is faster than the best by validation and worse than none by the margin, or None.

    Both have to be told by their intervals, at a level that allows for the number of configurations that were tried
    (Bonferroni). It must be as good as each of the others, since the one that validation chose need not be the best.
    """
    others = group[(group["configuration"] != best["configuration"]) & group["cost"].notna()]
    if best["cost"] is None or others.empty:
        return None
    level = 1 - (1 - confidence) / len(others)
    found = []
    for _, row in others.iterrows():
        share = ratio(row["cost"], best["cost"], level)
        if share.high is None or share.high >= 1:
            continue
        rivals = group.loc[group["configuration"] != row["configuration"], "runs"]
        leads = (accuracy_difference(rival, row["runs"], level) for rival in rivals)
        if all(lead.high is not None and lead.high <= margin for lead in leads):
            given_away = accuracy_difference(best["runs"], row["runs"], level)
            found.append(Recommendation(row["name"], given_away, share, row["accuracy"], row["cost"]))
    return min(found, key=lambda one: one.share.value, default=None)


def classical_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Of each data set and number of training images: the best classical method, compared with the best network."""
    rows = []
    frame = evidence.configurations
    frame = frame[frame["n"] > 0]
    main = set(main_split(frame)["split_hash"])
    data = ["dataset", "num_train", "split", "split_hash", "fingerprint"]
    for (dataset, num_train, split, split_hash, _), group in frame.groupby(data, dropna=False):
        of_kind = {kind: group[group["kind"] == kind] for kind in ("classical", "network")}
        method, network = best_of(of_kind["classical"]), best_of(of_kind["network"])
        if method is None or (network is None and num_train < frame[frame["dataset"] == dataset]["num_train"].max()):
            continue
        lead = times = None
        if network is not None:
            lead = lead_of_best(evidence.at(evidence.judged_confidence), of_kind["network"], of_kind["classical"])
            is_alike = all(network[name] == method[name] for name in ("machine", "source_hash"))
            times = ratio(network["cost"], method["cost"]) if is_alike and network["cost"] and method["cost"] else None
        rows.append({
            "dataset": dataset, "num_train": num_train, "split": None if is_missing(split) else split, "is_main": split_hash in main, "method": method["name"],
            "size": training_images(num_train, method["train_fraction"]),
            "accuracy": mean_accuracy(best_runs(of_kind["classical"]["runs"].tolist()), evidence.confidence),
            "cost": method["cost"], "predict_seconds": method["predict_seconds"], "model_bytes": method["model_bytes"],
            "network": None if network is None else network["name"], "lead": lead, "times": times,
            "network_device": None if network is None else network["device"], "device": method["device"],
            "answer": _is_enough(lead, evidence.questions.margin),
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


def _is_enough(lead: Estimate | None, margin: float) -> str:
    """Whether a classical method is enough, by the lead of a network.

    Returns:
        ``yes`` where the lead is below the margin, ``no`` where a network leads, ``both`` where it leads by less
        than the margin, ``open`` where neither is known, ``unknown`` where the lead has no interval.
    """
    if lead is None or lead.low is None or lead.high is None:
        return "unknown"
    if lead.high <= margin:
        return "both" if lead.low > 0 else "yes"
    return "no" if lead.low > 0 else "open"


def growth_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """The exponent with which the training time of each classical method grows."""
    return [
        {
            "dataset": growth.dataset, "method": growth.name, "num_points": len(growth.rows),
            "exponent": growth.law.slope,
        }
        for growth in growths(evidence.classical) if growth.law is not None
    ]  # fmt: skip
