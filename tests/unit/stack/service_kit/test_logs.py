"""Logs: one JSON object a line, sampled by the request's id alone."""

import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.service_kit.logs import configure_logs, is_sampled, sampling_bound


@pytest.fixture
def restored_logging():
    """The logging of the test process as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_our_lines_and_a_librarys_have_one_form(settings, capsys, restored_logging):
    """Both are JSON objects on standard error with time, level, instance and the request's id."""
    configure_logs(settings)
    structlog.contextvars.bind_contextvars(request_id="r-1")

    structlog.get_logger().info("ours", answer=42)
    logging.getLogger("some.library").warning("theirs %s", "too")

    captured = capsys.readouterr()
    ours, theirs = map(json.loads, captured.err.splitlines())
    assert captured.out == ""
    assert (ours["event"], ours["answer"], ours["level"]) == ("ours", 42, "info")
    assert (theirs["event"], theirs["level"]) == ("theirs too", "warning")
    for line in (ours, theirs):
        assert (line["instance"], line["request_id"]) == ("database-1", "r-1")
        assert line["time"].endswith("Z")


def test_a_traceback_stays_in_its_line(settings, capsys, restored_logging):
    """An exception is a field of the object, not further lines."""
    configure_logs(settings)
    error = LookupError("not here")

    structlog.get_logger().error("failed", exc_info=error)

    (line,) = capsys.readouterr().err.splitlines()
    assert "LookupError: not here" in json.loads(line)["exception"]


def test_a_line_break_in_a_value_makes_no_second_line(settings, capsys, restored_logging):
    """What a client sends cannot forge a log line."""
    configure_logs(settings)

    structlog.get_logger().info("request", path='/a\n{"event": "forged"}')

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "request"


def test_lines_below_the_level_are_not_written(settings, capsys, restored_logging):
    """log_level is the threshold, for our lines as well."""
    configure_logs(settings.model_copy(update={"log_level": "warning"}))

    structlog.get_logger().info("chatter")

    assert capsys.readouterr().err == ""


@given(st.binary())
def test_all_or_nothing_is_sampled_at_the_ends(request_id):
    """Ratio 1 takes every request, ratio 0 none."""
    decisions = (is_sampled(request_id, sampling_bound(1.0)), is_sampled(request_id, sampling_bound(0.0)))

    assert decisions == (True, False)


def test_the_share_of_sampled_requests_is_the_ratio():
    """Of many ids about the ratio is taken, and a higher ratio takes the same ones and more."""
    ids = [b"request-%d" % number for number in range(20_000)]

    few = {request_id for request_id in ids if is_sampled(request_id, sampling_bound(0.1))}
    more = {request_id for request_id in ids if is_sampled(request_id, sampling_bound(0.2))}

    assert len(few) == pytest.approx(2000, rel=0.1)
    assert few < more
