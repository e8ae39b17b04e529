"""How the answers were spread over the gateways of each scenario. Pure."""

from collections import Counter
from collections.abc import Sequence

from scalelab.lab.report import figures as shown
from scalelab.lab.report.chart_style import BLUE, NamedChart
from scalelab.lab.report.instance_bars import Bar, Wording, instance_bars
from scalelab.lab.report.scenario_figures import ScenarioFigures

MOST_BARS = 40
LEAST_GATEWAYS = 2
"""One has nobody to share with."""
WORDING = Wording(
    "balance",
    "Answers of each gateway",
    "Share of the answers in the measured window. Black tick: an equal share.",
    "Share",
    "%",
    "Equal share",
)


def balance_chart(scenarios: Sequence[ScenarioFigures]) -> NamedChart | None:
    """Its share, of all runs of a scenario together; None with one gateway everywhere, or far too many."""
    return instance_bars({scenario.title: _bars(scenario) for scenario in scenarios}, WORDING, BLUE, MOST_BARS)


def _bars(scenario: ScenarioFigures) -> list[Bar]:
    answers: Counter[str] = Counter()
    for record in scenario.records:
        answers.update(record.replicas.answers)
    total = answers.total()
    if len(answers) < LEAST_GATEWAYS or not total:
        return []
    return [
        Bar(
            gateway,
            count / total,
            f"{shown.share(count / total)} ({shown.whole(count)})",
            1 / len(answers),
            shown.share(1 / len(answers)),
        )
        for gateway, count in sorted(answers.items())
    ]
