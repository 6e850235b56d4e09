"""The share of the machine that a training used is of the peak of the arithmetic that it used."""

import pytest

from benchmark_lightning.study.record import Record
from benchmark_lightning.study.utilization import add_utilization


def record_of(precision, images_per_second=100.0):
    return Record(
        key="k", kind="network", status="ok", config={}, data={},
        precision={"requested": precision, "effective": precision}, complexity={"train_flops_per_image": 1e9},
        throughput={"median_images_per_second": images_per_second}, environment={"num_devices": 1},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("precision", "peaks", "fraction"),
    [
        ("32-true", {"fp32": 2e11, "bf16": 4e11}, 0.5),
        ("32-true", {"fp32": 2e11, "tf32": 1e12, "bf16": 4e12}, 0.1),  # a GPU convolves float32 numbers in TF32
        ("bf16-mixed", {"fp32": 2e11, "bf16": 4e11}, 0.25),
    ],
)
def test_the_peak_is_that_of_the_arithmetic_used(precision, peaks, fraction):
    record = record_of(precision)
    add_utilization(record, peaks)
    assert record.utilization["fraction"] == pytest.approx(fraction)


def test_a_device_whose_peak_nobody_knows_has_a_reason():
    record = record_of("32-true")
    record.environment["accelerator"] = "mps"
    add_utilization(record, {"cpu": {"fp32": 1e11}}.get("mps", {}))
    assert record.utilization is None
    assert "measured peak" in record.reasons["utilization"]


@pytest.mark.parametrize("record", [record_of("64-true"), record_of("32-true", images_per_second=None)])
def test_what_is_not_known_has_a_reason_and_no_number(record):
    add_utilization(record, {"fp32": 1e11})
    assert record.utilization is None
    assert "measured peak" in record.reasons["utilization"]
