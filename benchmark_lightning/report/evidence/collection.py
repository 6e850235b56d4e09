"""The records in the folders of a report: read, the best one of each trial chosen, and laid out as tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.evidence.machines import machine_id
from benchmark_lightning.report.evidence.table import Tables, run_id, tabulate
from benchmark_lightning.study.record import FILE_NAME, Record, RecordError, read_record


class Collection(NamedTuple):
    """The contents of the folders of a report.

    Args:
        tables: the trials and what names them.
        curves: one row an epoch: ``run`` as in the table, ``epoch`` and the metrics of the epoch.
        problems: a sentence for each record that could not be read.
        max_look: the last look of the study whose records are among them; None where all are.
    """

    tables: Tables
    curves: pd.DataFrame
    problems: list[str]
    max_look: int | None = None


def collect(folders: Sequence[Path], max_look: int | None = None) -> Collection:
    """Reads every record under the folders; of a trial that ran several times on a machine the best record counts.

    Args:
        folders: searched with all in them.
        max_look: leaves out what was run for a later look of the study; None takes all.

    Raises:
        InputError: a folder is missing, or there is no readable record in any.
    """
    records: dict[tuple[str, ...], tuple[Path, Record]] = {}
    problems = []
    for folder in folders:
        if not folder.is_dir():
            raise InputError(
                f"there is no folder {folder}; give one that holds records, such as lightning_logs/quickstart"
            )
        for path in sorted(folder.rglob(FILE_NAME)):
            try:
                record = read_record(path)
            except RecordError as error:
                problems.append(str(error))
                continue
            if max_look is not None and isinstance(record.look, int) and record.look > max_look:
                continue
            identity = (record.key, machine_id(record.environment), str(record.environment.get("source_hash")))
            if identity not in records or record.preference() > records[identity][1].preference():
                records[identity] = (path, record)
    named = ", ".join(str(folder) for folder in folders)
    if not records:
        found = f": {problems[0]}" if problems else ""
        raise InputError(
            f"there is no readable record in {named}{found}; make some with: benchmark-lightning study FILE"
        )
    tables = tabulate(records.values())
    problems += tables.problems
    if tables.table.empty:
        raise InputError(f"no record in {named} can be used: {problems[0]}")
    known = set(tables.table["run"])
    curves = [
        {"run": run_id(record), **row}
        for _, record in records.values()
        if run_id(record) in known
        for row in record.curves
        if _is_epoch(row)
    ]
    return Collection(tables, pd.DataFrame(curves), problems, max_look)


def _is_epoch(row: Any) -> bool:
    return (
        isinstance(row, Mapping)
        and isinstance(row.get("epoch"), int)
        and all(value is None or isinstance(value, int | float) for value in row.values())
    )
