"""The precision that a training runs in, as it was asked for and as the processor at hand allows. Imports no torch."""

from typing import NamedTuple

from benchmark_lightning.training.processor import multiplies_bf16

_SHORT_NAMES = {"None": "32-true", "32": "32-true", "16": "16-mixed", "64": "64-true", "bf16": "bf16-mixed"}
NO_BF16 = "this processor has no bf16 instructions"


class Precision(NamedTuple):
    """The precision that was asked for, the one that is used, and why where they differ."""

    requested: str
    effective: str
    why: str | None = None


def precision_for(requested: str | int | None, is_on_cpu: bool) -> Precision:
    """The precision that a training runs in: on a CPU mixed precision only where the processor has it.

    >>> precision_for("16-mixed", is_on_cpu=False)
    Precision(requested='16-mixed', effective='16-mixed', why=None)
    """
    asked = _SHORT_NAMES.get(str(requested), str(requested))
    if asked != "16-mixed" or not is_on_cpu:
        return Precision(asked, asked)
    if multiplies_bf16():
        return Precision(asked, "bf16-mixed", "a CPU has no mixed precision of float16")
    return Precision(asked, "32-true", f"{NO_BF16}, and emulating them is about 15 times slower")


def advice(precision: Precision, is_on_cpu: bool) -> str | None:
    """One line for a person about a precision that is not the one asked for, or that is emulated; None if all is well."""
    if precision.why is not None:
        return f"trainer.precision {precision.requested} runs as {precision.effective}: {precision.why}"
    if is_on_cpu and precision.effective.startswith("bf16") and not multiplies_bf16():
        return f"trainer.precision {precision.effective} is emulated, as {NO_BF16}: expect about 15 times the time of 32-true"
    return None
