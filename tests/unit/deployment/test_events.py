import json

from scalelab.deployment.events import EventLog, last_lines


def test_each_event_is_one_json_line(tmp_path):
    """With its time, in order."""
    log = EventLog(tmp_path / "supervisor.log")

    log.write("ended", instance="worker-1")
    log.write("restarted", instance="worker-1")

    lines = [json.loads(line) for line in (tmp_path / "supervisor.log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["ended", "restarted"]
    assert lines[0]["instance"] == "worker-1"
    assert lines[0]["time"].endswith("+00:00")


def test_log_that_cannot_be_written_is_no_reason_to_fail(tmp_path):
    """The stack matters more than its log."""
    EventLog(tmp_path / "absent" / "supervisor.log").write("ended")


def test_last_lines_are_indented_and_bounded(tmp_path):
    """Long logs and long lines are cut; silence is said."""
    file = tmp_path / "x.log"
    file.write_text("\n".join(["first", "second", "x" * 1000]))

    assert last_lines(file, 2) == "  second\n  " + "x" * 300
    assert last_lines(tmp_path / "none.log") == "  (it wrote nothing)"
