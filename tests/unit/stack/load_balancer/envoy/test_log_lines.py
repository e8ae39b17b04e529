"""Envoy's lines as events."""

import structlog

from scalelab.stack.load_balancer.envoy.log_lines import log_envoy_line


def test_an_access_line_is_a_request():
    """In seconds, like all others."""
    with structlog.testing.capture_logs() as events:
        log_envoy_line('{"status": 200, "duration_ms": 1500, "path": "/a"}')

    assert events == [{"event": "request", "log_level": "info", "status": 200, "path": "/a", "duration_s": 1.5}]


def test_its_own_voice_keeps_its_level():
    """What has none is told all the same, JSON that is no access line too."""
    with structlog.testing.capture_logs() as events:
        for line in ("[warning] low on memory", "[critical] gone", "no level", '{"a": 1}'):
            log_envoy_line(line)

    assert [(event["log_level"], event["text"]) for event in events] == [
        ("warning", "low on memory"),
        ("error", "gone"),
        ("info", "no level"),
        ("info", '{"a": 1}'),
    ]
