"""The templates of the report, filled from the records; whatever comes from a record is escaped."""

from typing import Any

import jinja2
from markupsafe import Markup

from benchmark_lightning.report import wording
from benchmark_lightning.report.evidence import Evidence
from benchmark_lightning.report.facts import facts
from benchmark_lightning.report.figures import PLOTS
from benchmark_lightning.report.verdicts import Claim

TEMPLATES = jinja2.PackageLoader("benchmark_lightning.report")
SYMBOLS = {"holds": "✓", "fails": "✗", "undecided": "?", "not measured": "-"}


def render(template: str, evidence: Evidence, claims: list[Claim], **more: Any) -> str:
    """The Markdown of a template."""
    environment = jinja2.Environment(
        loader=TEMPLATES,
        finalize=wording.escape,
        autoescape=False,  # noqa: S701  # finalize escapes every value, for Markdown, which lets no HTML through
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "number": wording.number, "percent": wording.percent, "estimate": wording.estimate, "seconds": wording.seconds,
        "joined": wording.joined, "symbol": SYMBOLS.__getitem__, "plain": Markup,
        "count": wording.count, "points": wording.points, "compact": wording.compact,
    }  # fmt: skip
    return environment.get_template(template).render(**facts(evidence, claims), plots=PLOTS, **more)
