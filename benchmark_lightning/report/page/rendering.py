"""The templates of the report, filled from the records; whatever comes from a record is escaped."""

from typing import Any

import jinja2
from markupsafe import Markup

from benchmark_lightning.report.claims.outlook import what_it_takes
from benchmark_lightning.report.claims.verdicts import Claim
from benchmark_lightning.report.evidence import formatting
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.timings import work_title
from benchmark_lightning.report.page.context import context

TEMPLATES = jinja2.PackageLoader("benchmark_lightning.report.page")
SYMBOLS = {"holds": "✓", "fails": "✗", "undecided": "?", "not measured": "-"}


def _work(work: dict[str, Any]) -> str:
    """The name of a kind of work, without data and batch size."""
    return work_title(work, "model", "settings", "precision")


def _seconds(value: float | None) -> str:
    """A time without an interval."""
    told = formatting.number(value)
    return told if told == formatting.NOT_MEASURED else f"{told} s"


def render(template: str, evidence: Evidence, claims: list[Claim], **more: Any) -> str:
    """The Markdown of a template."""
    environment = jinja2.Environment(
        loader=TEMPLATES,
        finalize=formatting.escape,
        autoescape=False,  # noqa: S701  # finalize escapes every value, for Markdown, which lets no HTML through
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "number": formatting.number, "percent": formatting.percent, "estimate": formatting.estimate, "seconds": formatting.seconds,
        "joined": formatting.joined, "symbol": SYMBOLS.__getitem__, "plain": Markup,
        "count": formatting.count, "work": _work, "plain_seconds": _seconds, "points": formatting.points, "compact": formatting.compact,
        "takes": what_it_takes,
    }  # fmt: skip
    return environment.get_template(template).render(**context(evidence, claims), **more)
