"""How far one repetition can be believed: a table of rules, asked in order. Pure."""

from collections.abc import Callable

from scalelab.lab.analysis import growth, stampede, steadiness_rules
from scalelab.lab.analysis import validity_rules as rules
from scalelab.lab.analysis.evidence import Evidence
from scalelab.lab.analysis.validity_rules import Finding
from scalelab.lab.results.run_record import Caveat, Validity

RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
    rules.wrong_answers,
    rules.no_data,
    rules.partial,
    rules.sut_died,
    rules.censored,
    rules.generator_limited,
    rules.too_many_failures,
    rules.counts_differ,
    rules.hit_ratio_off,
    rules.little_violated,
    steadiness_rules.not_steady,
    steadiness_rules.steadiness_unknown,
    rules.uneven_replicas,
    stampede.ttl_stampede,
    growth.growing,
    rules.machine_busy,
    rules.off_prediction,
)
"""The gravest first: the report shows what it finds in this order."""


def judge(evidence: Evidence) -> tuple[tuple[Validity, ...], tuple[Caveat, ...]]:
    """Every validity value that applies, or `("valid",)`; and all caveats, each with numbers and advice."""
    findings = [finding for rule in RULES if (finding := rule(evidence)) is not None]
    wrong = tuple(finding.validity for finding in findings if finding.validity is not None)
    return wrong or ("valid",), tuple(finding.caveat for finding in findings)
