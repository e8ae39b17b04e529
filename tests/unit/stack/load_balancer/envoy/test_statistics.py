"""Envoy's counters as text."""

from scalelab.stack.load_balancer.envoy.statistics import Updates, active_requests, updates

LINES = """cluster_manager.cds.update_success: 2
cluster_manager.warming_clusters: 1
http.traffic.rds.routes.update_success: 1
"""


def test_updates_are_read():
    """Names that are not ours are passed over, and so are values that are no numbers."""
    assert updates(LINES + "other: 3\ncluster_manager.version: No recorded values\n") == Updates(2, 1, 1)


def test_both_must_be_taken_and_nothing_wait():
    """A cluster that still checks its members is not the one in force."""
    before = Updates(1, 1, 0)

    assert Updates(2, 2, 0).are_beyond(before)
    assert not any(after.are_beyond(before) for after in (Updates(2, 1, 0), Updates(1, 2, 0), Updates(2, 2, 1)))


def test_requests_in_hand():
    """None told is none."""
    assert active_requests("http.traffic.downstream_rq_active: 4\n") == 4
    assert active_requests("") == 0
