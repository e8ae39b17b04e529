"""How the answers were spread."""

from scalelab.lab.report.balance_chart import balance_chart
from scalelab.lab.report.scenario_figures import figures_of
from scalelab.lab.results.run_record import ReplicaShare


def shares(**answers):
    return ReplicaShare(answers=answers, jain_index=0.9)


def test_shares_are_of_all_runs_together(record):
    """60 of 100 answers, in two runs."""
    runs = [
        record(3, repetition=1, replicas=shares(a=10, b=30)),
        record(3, repetition=2, replicas=shares(a=30, b=30)),
    ]

    chart = balance_chart(figures_of([record(1), *runs]))

    assert chart.alt_text == "Answers of each gateway. 3 gateways, miss: a 40.0% (40); 3 gateways, miss: b 60.0% (60)"


def test_one_gateway_has_nobody_to_share_with(record):
    """No chart of full bars."""
    assert balance_chart(figures_of([record(1)])) is None
