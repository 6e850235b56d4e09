"""How much of what the machine can do a training has used."""

from typing import Any

from benchmark_lightning.study.record import Record

# The number formats of each precision, the first that was measured counts: cuDNN convolves float32 numbers in TF32 by default.
_NUMBERS = {
    "32-true": ("tf32", "fp32"),
    "bf16-mixed": ("bf16",), "bf16-true": ("bf16",), "16-mixed": ("fp16",), "16-true": ("fp16",),
}  # fmt: skip


def add_utilization(record: Record, peaks: dict[str, Any]) -> None:
    """Sets the share of the measured peak of matrix products, at the precision that was used.

    Args:
        peaks: operations per second by number format, such as ``{"fp32": 1.1e11}``, measured on the same device.
    """
    rate = record.throughput.get("median_images_per_second")
    flops = record.complexity.get("train_flops_per_image")
    numbers = _NUMBERS.get(record.precision.get("effective", ""), ())
    peak = next((peaks[name] for name in numbers if name in peaks), None)
    if rate is None or flops is None or peak is None:
        record.reasons["utilization"] = "needs throughput, FLOPs and a measured peak at this precision"
        return
    record.reasons.pop("utilization", None)
    peak *= record.environment.get("num_devices") or 1
    record.utilization = {
        "train_flops_per_second": rate * flops,
        "peak_flops_per_second": peak,
        "fraction": rate * flops / peak,
    }
