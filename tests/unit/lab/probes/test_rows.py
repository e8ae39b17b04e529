"""One line of probes.jsonl."""

from scalelab.contracts import metric_names
from scalelab.lab.probes.process_use import ProcessUse
from scalelab.lab.probes.rows import QUIET_METRICS, probe_row


def test_a_row_has_what_the_process_has():
    """A gateway has slots; what it does not have is null."""
    use = ProcessUse(cpu_s=1.5, rss_bytes=1000, threads=2, descriptors=None)
    metrics = {metric_names.UPSTREAM_SLOTS_IN_USE: 8.0, metric_names.CACHE_HITS_TOTAL: 3.0}

    row = probe_row(12.0, "api_gateway-1", "api_gateway", use, metrics)

    assert (row.cpu_s, row.slots_in_use, row.hits) == (1.5, 8.0, 3.0)
    assert row.pool_in_use is None
    assert row.descriptors is None


def test_a_silent_process_is_a_row_without_figures():
    """It is there, and nothing is known of it."""
    row = probe_row(12.0, "worker-1", "worker", None, {})

    assert row.model_dump(exclude_none=True) == {"unix_s": 12.0, "instance": "worker-1", "service": "worker"}


def test_counters_do_not_keep_a_system_from_being_quiet():
    """Only what is under way counts."""
    assert metric_names.REQUESTS_TOTAL not in QUIET_METRICS
    assert metric_names.CACHE_HITS_TOTAL not in QUIET_METRICS
    assert metric_names.UPSTREAM_QUEUE_LENGTH in QUIET_METRICS
