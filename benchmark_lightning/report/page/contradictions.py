"""Records that disagree with themselves, as one does in which a single value was changed."""

import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark_lightning.study.record import FILE_NAME, Record, RecordError, read_record, trial_key


def strange_records(folders: Sequence[Path]) -> Iterator[str]:
    """A sentence for every record under the folders that disagrees with itself."""
    for folder in folders:
        for path in sorted(folder.rglob(FILE_NAME)):
            try:
                record = read_record(path)
            except RecordError:
                continue  # among the problems of the evidence
            try:
                sentences = contradictions(record)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                sentences = [f"it cannot be checked ({type(error).__name__}: {error})"]
            yield from (f"{path}: {sentence}" for sentence in sentences)


def contradictions(record: Record) -> list[str]:
    """In what the raw values of a record and those derived from them disagree."""
    found = []
    fingerprint = record.data.get("fingerprint")
    if record.key != trial_key(record.config, fingerprint, record.repeat):
        found.append("its key is not that of its configuration and data")
    if record.status != "ok":
        return found
    rates = [rate for rate in record.throughput.get("images_per_second") or [] if rate is not None]
    if rates and not _equal(statistics.median(rates), record.throughput.get("median_images_per_second")):
        found.append("its median rate is not the median of its rates")
    accuracy, num_test = record.metrics.get("test/accuracy"), record.data.get("num_test")
    is_whole = record.config.get("trainer", {}).get("limit_test_batches") is None
    if (
        accuracy is not None
        and num_test
        and is_whole
        and not _equal(accuracy * num_test, round(accuracy * num_test), 0.01)
    ):
        found.append(f"its test accuracy is no whole number of {num_test:,} images")
    if record.curves:
        if not _equal(record.curves[-1].get("fit_seconds"), record.clocks.get("fit_seconds")):
            found.append("its seconds of training are not those at the end of its last epoch")
        best = next((row for row in record.curves if row["epoch"] == record.best_epoch), None)
        if best is not None and not _equal(best.get("val/accuracy"), record.metrics.get("val/accuracy")):
            found.append("its validation accuracy is not that of its best epoch")
    return found


def _equal(left: float | None, right: float | None, tolerance: float = 1e-6) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-6, abs_tol=tolerance)
