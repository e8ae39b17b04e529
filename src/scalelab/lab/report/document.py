"""A report as a document for programs: the figures of the table unrounded, in seconds and requests a second. Pure."""

from typing import Any

from scalelab.lab.analysis.statistics import Interval
from scalelab.lab.report.content import ReportContent
from scalelab.lab.report.scenario_figures import ScenarioFigures


def document_of(content: ReportContent) -> dict[str, Any]:
    """What is not known is null; an interval is `[low, high]`, 95 % over runs, null with a single run."""
    return {
        "title": content.title,
        "question": content.question,
        "answer": list(content.answer),
        "is_valid": content.is_valid,
        "scenarios": [_scenario(scenario) for scenario in content.scenarios],
        "objectives": list(content.objective_lines),
        "findings": list(content.findings),
        "caveats": [
            {"scenarios": list(doubt.scenarios), "text": doubt.text, "advice": doubt.advice}
            for doubt in content.doubts
        ],
        "missing": list(content.missing),
    }


def _scenario(scenario: ScenarioFigures) -> dict[str, Any]:
    prediction = scenario.prediction
    return {
        "scenario": scenario.first.scenario,
        "title": scenario.title,
        "factors": scenario.first.factors,
        "runs": len(scenario.records),
        "response_mean_s": scenario.response_mean_s,
        "response_interval_s": _ends(scenario.response_interval_s),
        "percentiles_s": dict(scenario.percentiles_s),
        "throughput_per_s": scenario.throughput_per_s,
        "throughput_interval_per_s": _ends(scenario.throughput_interval_per_s),
        "predicted_throughput_per_s": prediction.throughput_per_s if prediction is not None else None,
        "failures": scenario.failures,
        "implied_users": scenario.implied_users,
        "hit_ratio": scenario.hit_ratio,
        "validity": list(scenario.validity),
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return [interval.low, interval.high] if interval is not None else None
