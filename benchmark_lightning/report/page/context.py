"""Template context: the answers, tables and lists of a report, as plain values."""

from typing import Any

import pandas as pd

from benchmark_lightning.report.claims.comparing import select
from benchmark_lightning.report.claims.judging import judged
from benchmark_lightning.report.claims.verdicts import VERDICTS, Claim
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.predicted import predicted_and_took
from benchmark_lightning.report.evidence.timings import device_labels
from benchmark_lightning.report.figures.registry import SECTIONS, Plot, plots
from benchmark_lightning.report.page.devices import gpu_answers, hardware_tables, utilization_rows
from benchmark_lightning.report.page.rankings import axis_rows, best_rows, classical_rows, growth_rows, method_rows


def context(evidence: Evidence, claims: list[Claim]) -> dict[str, Any]:
    """Everything that the report's templates need, by name."""
    table = evidence.table
    return {
        "datasets": sorted(table["dataset"].unique()),
        "num_trials": len(table),
        "predicted": predicted_and_took(table),
        "statuses": table["status"].value_counts().to_dict(),
        "data_rows": _data_rows(table),
        "axes": axis_rows(evidence),
        "margin": f"{100 * evidence.questions.margin:g}",
        "looks": list(evidence.questions.looks),
        "claims_level": _level(evidence),
        "claims": claims,
        "verdicts": {verdict: sum(claim.verdict == verdict for claim in claims) for verdict in VERDICTS},
        "best": best_rows(evidence, evidence.networks),
        "best_classical": best_rows(evidence, evidence.classical),
        "classical": classical_rows(evidence),
        "methods": method_rows(evidence),
        "growth": growth_rows(evidence),
        "hardware": hardware_tables(evidence),
        "speedups": evidence.speedups,
        "gpu_answers": gpu_answers(evidence),
        "utilization": utilization_rows(evidence.timings),
        "printed": printed_rows(evidence),
        "environments": _environments(table),
        "failures": _failures(table),
        "contended": _names(table[table["is_contended"]]),
        "num_unknown_contention": int(((table["status"] == "ok") & ~table["knows_contention"]).sum()),
        "problems": evidence.problems,
        "remedies": list(
            dict.fromkeys(claim.remedy for claim in claims if claim.verdict == "not measured" and claim.remedy)
        ),
        "sections": plots_by_section(evidence),
    }


def _level(evidence: Evidence) -> str:
    """The confidence of the intervals of claims, which is higher where they are judged at several looks."""
    return f"{100 * judged(evidence).confidence:.4g} %"


def plots_by_section(evidence: Evidence) -> dict[str, list[Plot]]:
    """The figures of each section of the report, in their order."""
    sections: dict[str, list[Plot]] = {section: [] for section in SECTIONS}
    for plot in plots(evidence):
        sections[plot.section].append(plot)
    return sections


def _data_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ["dataset", "split", "num_train", "num_val", "num_test", "split_hash"]
    return _records(table.groupby(columns, dropna=False).size().reset_index(name="num_trials"))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dictionaries, with None for what is missing."""
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()} for row in frame.to_dict("records")
    ]


def printed_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Accuracies that others have printed for configurations that were trained here."""
    rows = []
    frame = evidence.configurations
    for reference in evidence.questions.references:
        if reference["measure"] != "test/accuracy":
            continue
        for row in select(evidence, frame[frame["n"] > 0], reference["where"]).to_dict("records"):
            told = {key: row[key] for key in ("dataset", "split", "name", "num_train", "accuracy")}
            rows.append(told | {"printed": reference["value"], "source": reference["source"]})
    return rows


def _environments(table: pd.DataFrame) -> list[dict[str, Any]]:
    ran = table[table["status"] != "skipped"]
    ran = ran.assign(label=device_labels(ran))
    columns = ["label", "machine", "accelerator", "effective_precision", "torch", "code", "source_hash"]
    return _records(ran.groupby(columns, dropna=False).size().reset_index(name="num_trials"))


def _names(trials: pd.DataFrame) -> list[str]:
    return [f"{row.sweep}/{row.trial}" for row in trials.itertuples()]


def _failures(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Trials that did not end well, by status and reason, with the trials."""
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
