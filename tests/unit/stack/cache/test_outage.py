"""One outage, two log lines."""

from structlog.testing import capture_logs

from scalelab.stack.cache.outage import OutageLog


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_many_faults_are_one_outage():
    """Three faults and a late success: one line at the start, one at the end with the count."""
    clock = Clock()
    with capture_logs() as lines:
        outage = OutageLog("unix:///v.sock", clock)
        for _ in range(3):
            outage.fault("timeout", "no answer")
            clock.now_s += 0.5
        clock.now_s += 1.0
        outage.success()
        outage.success()

    assert [(line["event"], line.get("faults")) for line in lines] == [
        ("cache_outage_began", None),
        ("cache_outage_over", 3),
    ]


def test_a_flapping_server_is_one_outage():
    """Successes between faults do not end it."""
    clock = Clock()
    with capture_logs() as lines:
        outage = OutageLog("unix:///v.sock", clock)
        for _ in range(10):
            outage.fault("timeout", "no answer")
            clock.now_s += 0.1
            outage.success()

    assert [line["event"] for line in lines] == ["cache_outage_began"]
