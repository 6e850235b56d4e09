"""How numbers and names of records become text: rounded here and nowhere else, and escaped for Markdown."""

import math
import re
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.rounding import settled

NOT_MEASURED = "not measured"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|&~$!])")


def escape(value: Any) -> str:
    r"""A value as text in which nothing is Markdown or HTML; ``Markup`` is a template's own and stays as it is.

    >>> print(escape("<b>*1*</b>"))
    \<b\>\*1\*\</b\>
    """
    if isinstance(value, Markup):
        return str(value)
    if value is None:
        return NOT_MEASURED
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", str(value)))


def one_line(value: Any, longest: int = 60) -> str:
    """A name from a record as one short line; text that any file can hold.

    >>> one_line("a  b" + chr(10) + "c"), one_line(None), one_line("abcdef", 5)
    ('a b c', 'unknown', 'ab...')
    """
    text = " ".join(clean(str(value)).split())
    return "unknown" if value is None or not text else text if len(text) <= longest else f"{text[: longest - 3]}..."


def clean(text: str) -> str:
    """Text without control characters and halves of characters."""
    whole = text.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in whole)


def is_missing(value: Any) -> bool:
    """Whether a value is None or not a number."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, without an exponent where a person would write none.

    >>> [number(value) for value in (0.012345, 3.14159, 1234567.0, None)]
    ['0.0123', '3.14', '1,230,000', 'not measured']
    """
    if value is None or is_missing(value):
        return NOT_MEASURED
    value = settled(value)
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    return f"{rounded:,.{max(places, 0)}f}" if 1e-6 < abs(value) < 1e15 else f"{value:.{digits - 1}e}"


def percent(value: float | None) -> str:
    """A share in per cent, to two decimals.

    >>> percent(0.92837)
    '92.84 %'
    """
    return NOT_MEASURED if value is None or is_missing(value) else f"{_in_hundredths(100 * value)} %"


def estimate(value: Estimate | None, unit: str = "ratio") -> str:
    """An estimate with its interval.

    >>> estimate(Estimate(0.928, 0.924, 0.932, 3, ""), "accuracy")
    '92.80 % (92.40 to 93.20)'
    >>> estimate(Estimate(2.5, None, None, 1, ""), "ratio"), estimate(Estimate(0.9, None, None, 1, ""), "accuracy")
    ('2.50x (one run, no interval)', '90.00 % (one seed, no interval)')
    """
    if value is None or is_missing(value.value):
        return NOT_MEASURED
    scale, sign, told = _UNITS[unit]
    text = f"{'epoch ' * (unit == 'epochs')}{told(scale * value.value)}{sign}"
    if value.kind == "exact":
        return text
    if value.low is None or value.high is None:
        what = "seed" if unit in ("accuracy", "points") else "run"
        return f"{text} ({f'one {what}' if value.n == 1 else f'{value.n} {what}s'}, no interval)"
    return f"{text} ({told(scale * value.low)} to {told(scale * value.high)})"


def _in_hundredths(value: float) -> str:
    return f"{settled(value):z.2f}"


# By unit: what to multiply with, what stands behind the number, and how the number is written.
_UNITS: dict[str, tuple[int, str, Callable[[float], str]]] = {
    "accuracy": (100, " %", _in_hundredths), "share": (100, " %", _in_hundredths), "points": (100, " points", _in_hundredths),
    "number": (1, "", number), "ratio": (1, "x", number), "seconds": (1, " s", number), "epochs": (1, "", "{:g}".format),
}  # fmt: skip


def seconds(value: Estimate | None) -> str:
    """A time with its interval."""
    return estimate(value, "seconds")


def joined(words: list[Any]) -> str:
    """Words as a person lists them.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    words = [str(word) for word in words]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def count(value: float | None) -> str:
    """A whole number with its thousands apart."""
    return NOT_MEASURED if value is None or is_missing(value) else f"{int(value):,}"


def training_images(num_train: float | None, fraction: float | None) -> str:
    """How many images were trained on, and what part of all, where it is a part.

    >>> [training_images(49_000, 1.0), training_images(4_900, 0.1)]
    ['49,000 training images', '4,900 training images, 10 % of all']
    """
    known = "unknown" if num_train is None or is_missing(num_train) else count(num_train)
    is_part = fraction is not None and not is_missing(fraction) and fraction < 1
    return f"{known} training images" + (f", {100 * fraction:g} % of all" if is_part and fraction else "")


def points(value: Estimate | None) -> str:
    """A difference of accuracies, in points.

    >>> points(Estimate(0.0123, 0.01, 0.015, 3, ""))
    '1.23 points (1.00 to 1.50)'
    """
    return estimate(value, "points")


def compact(values: list[Estimate | None]) -> list[str]:
    """The estimates of a list that were measured, as text."""
    return [estimate(value) for value in values if value is not None]
