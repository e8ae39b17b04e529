"""HAProxy's lines as events."""

import structlog.testing

from scalelab.stack.load_balancer.haproxy.log_lines import log_haproxy_line


def _logged(line):
    with structlog.testing.capture_logs() as events:
        log_haproxy_line(line)
    [event] = events
    return event


def test_an_access_line_is_a_request_event():
    """Seconds, as everywhere."""
    assert _logged('{"request_id":"a","status":502,"duration_ms":1500}') == {
        "event": "request",
        "log_level": "info",
        "request_id": "a",
        "status": 502,
        "duration_s": 1.5,
    }


def test_its_own_voice_keeps_its_level():
    """Process id and padding are left out."""
    assert _logged("[ALERT]    (77) : parsing [x.cfg:1]") == {
        "event": "haproxy",
        "log_level": "error",
        "text": "parsing [x.cfg:1]",
    }


def test_anything_else_is_passed_on():
    """Torn JSON too."""
    assert [_logged(line)["text"] for line in ("{torn", "plain", "{}")] == ["{torn", "plain", "{}"]
