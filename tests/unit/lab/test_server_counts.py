"""What gateways say that they answered."""

import pytest

from scalelab.lab.probes.exposition import metric_sum
from scalelab.lab.server_counts import _executions_in, _good_answers_in, answered_between

EXPOSITION = """# HELP scalelab_requests_total Answers of this process.
# TYPE scalelab_requests_total counter
scalelab_requests_total{method="GET",route="/data",status="200"} 120.0
scalelab_requests_total{method="GET",route="/process",status="200"} 30.0
scalelab_requests_total{method="POST",route="/longtask",status="202"} 5.0
scalelab_requests_total{method="GET",route="/data",status="503"} 7.0
scalelab_requests_total{method="GET",route="/health",status="200"} 99.0
scalelab_requests_total_created{method="GET",route="/data",status="200"} 1.7e+09
scalelab_requests{method="GET",route="/data",status="200"} 1000.0
"""


def test_good_answers_on_the_routes_of_the_laboratory_count():
    """Neither refusals, nor health checks, nor metrics whose names only begin alike."""
    assert _good_answers_in(EXPOSITION) == 155
    assert metric_sum(EXPOSITION, "absent", lambda _labels: True) == 0


def test_executions_of_a_worker_count():
    """Done work, not the time at which the counter was made; a worker of an older release has none."""
    exposition = (
        "scalelab_task_executions_total 7.0\nscalelab_task_executions_created 1.7e+09\n"
        'scalelab_tasks_total{outcome="succeeded"} 6.0\n'
    )

    assert (_executions_in(exposition), _executions_in("")) == (7, 0)


@pytest.mark.parametrize(
    ("before", "after", "answered"),
    [
        ({"a": 1, "b": 2}, {"a": 11, "b": 22}, 30),
        ({"a": 1}, {"a": 1}, 0),
        ({"a": 10}, {"a": 3}, None),
        ({"a": 1}, {"a": 2, "b": 2}, None),
        (None, {"a": 2}, None),
        ({"a": 2}, None, None),
    ],
)
def test_a_count_that_cannot_be_known_is_none(before, after, answered):
    """A gateway that was started again counts from 0."""
    assert answered_between(before, after) == answered
