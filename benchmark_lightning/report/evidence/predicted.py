"""Predicted times of trials and how long they took."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from benchmark_lightning.study.record import Record


class Predicted(NamedTuple):
    """Sums over the trials of which both times are known.

    Args:
        num: of those trials.
        predicted: seconds of wall time that were expected before they began.
        took: seconds that it was.
    """

    num: int
    predicted: float
    took: float


def predicted_and_took(table: pd.DataFrame) -> Predicted:
    """Sums of the times that were predicted for the trials of a table and that they took; those that others disturbed are left out.

    Args:
        table: see ``table.tabulate``.
    """
    known = table[(table["status"] == "ok") & table["predicted_seconds"].notna() & table["wall_seconds"].notna()]
    return Predicted(len(known), float(known["predicted_seconds"].sum()), float(known["wall_seconds"].sum()))


def predicted_pairs(records: Iterable[Record]) -> list[tuple[float, float]]:
    """Predicted seconds and wall seconds of each record that has both, and that nothing disturbed."""
    return [
        (record.predicted_seconds, record.clocks["wall_seconds"])
        for record in records
        if record.status == "ok"
        and not record.is_contended
        and record.predicted_seconds
        and record.clocks.get("wall_seconds")
    ]
