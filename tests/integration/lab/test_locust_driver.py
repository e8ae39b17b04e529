"""A real Locust against a real server: what is sent, what is counted, and how it stops."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from scalelab.contracts.stack_view import Account
from scalelab.lab.load.locust_driver import LocustLoad, command_line, run_locust
from scalelab.lab.load.locust_options import UserBehaviour
from scalelab.lab.results.measured_files import read_measured

pytestmark = pytest.mark.integration

ACCOUNT = Account(username="student", password="correct horse")


def a_load(gateway, directory, **changes):
    behaviour = {"think_time_min_s": 0.1, "think_time_max_s": 0.3, "keys": "miss", "window_start_s": 1.0}
    values = {
        "base_url": gateway.url,
        "accounts": (ACCOUNT,),
        "users": 20,
        "spawn_rate_per_s": 20,
        "duration_s": 3.0,
        "drain_limit_s": 10.0,
        "behaviour": UserBehaviour(**{**behaviour, **changes.pop("behaviour", {})}),
        "directory": directory,
        "csv_prefix": "results_1_gateway_miss",
    }
    return LocustLoad(**{**values, **changes})


def read_csv(file):
    return list(csv.DictReader(file.read_text().splitlines()))


def is_balanced(books):
    return (
        books.offered == books.sent + books.not_sent
        and books.sent == books.completed + books.failed + books.timed_out + books.censored
    )


def test_every_request_is_counted_and_answers_after_the_cut_are_waited_for(gateway, tmp_path):
    """With answers of 1.2 s, the requests in flight at the cut complete in the drain; none is sent after the cut."""
    gateway.delay_s = 1.2

    end = run_locust(a_load(gateway, tmp_path))

    measured = read_measured(tmp_path)
    books = measured.recording.books
    assert end.trouble == ""
    assert books.sent == books.completed == len(gateway.asked)
    assert is_balanced(books)
    assert 0 < books.completed_in_drain <= 20
    assert books.completed_in_drain == sum(row.completed for row in measured.timeline if row.second >= 3)
    assert sum(row.sent for row in measured.timeline if row.second >= 3) == 0
    assert sum(row.sent for row in measured.timeline) == books.sent
    assert measured.timeline[-1].in_flight == 0
    assert max(gateway.asked_at_s) - min(gateway.asked_at_s) < 3.0
    assert len(set(gateway.asked)) == len(gateway.asked)
    assert measured.recording.finished_s == pytest.approx(3.0 + 1.2, abs=0.5)


def test_requests_beyond_the_drain_limit_are_censored_not_dropped(gateway, tmp_path):
    """Answers of 30 s with a drain of 1 s: every request is in the books as censored, with its age."""
    gateway.delay_s = 30.0

    end = run_locust(a_load(gateway, tmp_path, duration_s=2.0, drain_limit_s=1.0))

    recording = read_measured(tmp_path).recording
    assert end.trouble == ""
    assert recording.books.sent == recording.books.censored == 20
    assert is_balanced(recording.books)
    assert recording.oldest_in_flight_s == pytest.approx(3.0, abs=0.5)
    assert recording.is_final


def test_a_thinking_user_stops_at_once(gateway, tmp_path):
    """Users that think for a minute do not hold up the end of the load."""
    thoughtful = {"think_time_min_s": 60.0, "think_time_max_s": 60.0}

    run_locust(a_load(gateway, tmp_path, duration_s=2.0, behaviour=thoughtful))

    recording = read_measured(tmp_path).recording
    assert recording.books.completed == 20
    assert recording.finished_s < 2.5


def test_users_come_at_the_rate_that_was_asked_for(gateway, tmp_path):
    """Ten users a second: 10, 20, then 25 of 25, and the timeline says so."""
    run_locust(a_load(gateway, tmp_path, users=25, spawn_rate_per_s=10))

    assert [row.users for row in read_measured(tmp_path).timeline[:3]] == [10, 20, 25]


def test_locusts_own_files_agree_with_ours(gateway, tmp_path):
    """The CSV files have Locust's columns and the scenario's prefix, and count what we count, the last second too."""
    gateway.delay_s = 0.8

    run_locust(a_load(gateway, tmp_path))

    books = read_measured(tmp_path).recording.books
    rows = read_csv(tmp_path / "results_1_gateway_miss_stats.csv")
    history = read_csv(tmp_path / "results_1_gateway_miss_stats_history.csv")
    assert {row["Name"] for row in rows} == {"/data", "/process", "Aggregated"}
    assert [int(row["Request Count"]) for row in rows if row["Name"] == "Aggregated"] == [books.completed]
    assert int(history[-1]["Total Request Count"]) == books.completed
    assert (tmp_path / "results_1_gateway_miss_failures.csv").exists()
    assert (tmp_path / "results_1_gateway_miss_exceptions.csv").exists()


def test_latencies_of_the_window_are_in_the_histogram(gateway, tmp_path):
    """Requests sent in the window are in latency.hlog, none quicker than the server's delay, with the same mean."""
    gateway.delay_s = 0.2

    run_locust(a_load(gateway, tmp_path, behaviour={"mix": {"/data": 1.0}}))

    measured = read_measured(tmp_path)
    (latency,) = measured.recording.latencies
    histogram = measured.histograms["actual:/data:completed"]
    assert latency.count == measured.recording.sent_in_window == histogram.count
    mean_s = latency.sum_s / latency.count
    assert 0.2 <= latency.min_s <= mean_s < 1.0  # a busy machine makes it longer, never shorter
    assert histogram.mean_us / 1e6 == pytest.approx(mean_s, rel=0.01)
    assert measured.recording.instances == {"api_gateway-1": measured.recording.cache_answers["MISS"]}


def test_logins_happen_once_for_each_account_before_the_clock(gateway, tmp_path):
    """Twenty users share the token of one account."""
    run_locust(a_load(gateway, tmp_path, duration_s=1.5))

    assert gateway.logins == {"student": 1}


def test_wrong_answers_are_failures_by_kind(gateway, tmp_path):
    """A 503 is a failure and has no place in the good latencies."""
    gateway.status, kind = 503, "status 503"

    run_locust(a_load(gateway, tmp_path, duration_s=1.5))

    recording = read_measured(tmp_path).recording
    assert recording.books.failed == recording.books.sent > 0
    assert recording.failure_kinds == {kind: recording.books.failed}
    assert {latency.outcome for latency in recording.latencies} == {"failed"}


def test_silence_beyond_the_clients_patience_is_a_timeout(gateway, tmp_path):
    """A client that waits for 0.5 s counts answers of 5 s as timed out."""
    gateway.delay_s = 5.0

    run_locust(a_load(gateway, tmp_path, duration_s=2.0, behaviour={"answer_timeout_s": 0.5}))

    books = read_measured(tmp_path).recording.books
    assert books.timed_out == books.sent > 0


def test_keys_that_run_out_are_in_the_books(gateway, tmp_path):
    """With 30 records a miss load sends 30 requests; the others were not sent, and that is counted."""
    run_locust(a_load(gateway, tmp_path, behaviour={"records": 30}))

    recording = read_measured(tmp_path).recording
    assert recording.books.sent == 30
    assert recording.books.not_sent > 0
    assert recording.not_sent_reasons == {"every key was asked for": recording.books.not_sent}


def test_refused_logins_are_told_in_one_line(gateway, tmp_path):
    """A wrong password ends the load before it began; the reason is told, the password is not."""
    wrong = Account(username="student", password="battery staple")

    end = run_locust(a_load(gateway, tmp_path, accounts=(wrong,)))

    assert "Locust ended with 2" in end.trouble
    assert "POST" in end.trouble
    assert "401" in end.trouble
    assert "battery" not in (tmp_path / "locust.log").read_text()
    assert gateway.asked == []


def test_the_command_line_holds_no_secret(gateway, tmp_path):
    """Passwords are in a file of its own; other users of the machine see only its name."""
    arguments = " ".join(command_line(a_load(gateway, tmp_path), tmp_path / "accounts.json"))

    assert ACCOUNT.password not in arguments
    assert ACCOUNT.username not in arguments


def test_ctrl_c_ends_locust_and_keeps_what_was_measured(gateway, tmp_path):
    """An exception in the waiting thread ends the whole process group; the recording says interrupted."""
    pids = []

    class Impatient:
        def started(self, pid):
            pids.append(pid)

        def began(self, started_at_unix_s):
            assert time.time() - 30 < started_at_unix_s <= time.time()
            pids.append(os.getpid())

        def second(self, row):
            if row.second >= 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_locust(a_load(gateway, tmp_path, duration_s=30.0), Impatient())

    recording = read_measured(tmp_path).recording
    assert not psutil.pid_exists(pids[0])
    assert pids[1:] == [os.getpid()]  # it was told once that the load had begun
    assert recording.is_final
    assert recording.is_interrupted
    assert recording.books.completed > 0
    assert is_balanced(recording.books)
    assert 1.5 < recording.load_end_s < 10.0


RUN_ONE_LOAD = """
import sys
from pathlib import Path
from scalelab.contracts.stack_view import Account
from scalelab.lab.load.locust_driver import LocustLoad, run_locust
from scalelab.lab.load.locust_options import UserBehaviour
url, directory = sys.argv[1:]
run_locust(LocustLoad(url, (Account(username="student", password="correct horse"),), 5, 5, 60.0, 5.0,
                      UserBehaviour(think_time_min_s=0.1, think_time_max_s=0.2), Path(directory), "killed"))
"""


def test_locust_ends_when_its_parent_is_killed(gateway, tmp_path):
    """kill -9 of the laboratory: Locust and its secrets are gone within seconds; what it recorded can be read."""
    private = tmp_path / "private"
    private.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", RUN_ONE_LOAD, gateway.url, str(tmp_path)], env={**os.environ, "TMPDIR": str(private)}
    )
    _wait_until((tmp_path / "recording.json").exists)
    children = psutil.Process(parent.pid).children(recursive=True)

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()

    _, alive = psutil.wait_procs(children, timeout=5)
    recording = read_measured(tmp_path).recording
    assert children
    assert alive == []
    assert list(private.glob("scalelab-load-*")) == []
    assert not recording.is_final
    assert is_balanced(recording.books)


def test_the_locustfile_works_on_its_own(gateway, tmp_path):
    """`locust -f tests/load/locustfile.py --host ...` with what `scalelab status --json` prints as accounts."""
    status = tmp_path / "stack.json"
    status.write_text(json.dumps({"ready": True, "login": ACCOUNT.model_dump()}))
    locustfile = Path(__file__).resolve().parents[2] / "load" / "locustfile.py"
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--host", gateway.url, "--headless"]

    finished = subprocess.run(
        [*command, "-u", "5", "-r", "5", "-t", "2", "--stop-timeout", "5", "--accounts-file", str(status)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd=tmp_path,
    )

    assert finished.returncode == 0, finished.stderr
    assert len(gateway.asked) >= 5


def _wait_until(is_so, limit_s=15.0):
    deadline_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.05)


@pytest.mark.parametrize(
    ("sabotage", "defect", "mix"),
    [
        ("torn", "torn", {"/data": 1, "/process": 1}),
        ("foreign", "foreign", {"/data": 1}),
        ("stale", "stale", {"/data": 1, "PUT /data": 1}),
        ("twice", "done twice", {"POST /longtask": 1}),
        ("", "", {"/data": 2, "/process": 1, "PUT /data": 1, "POST /longtask": 1}),
    ],
)
def test_what_is_wrong_under_load_is_found_and_counted(gateway, tmp_path, sabotage, defect, mix):
    """A good status is not enough. What is sabotaged is found; where nothing is, nothing is found."""
    gateway.sabotage = sabotage

    run_locust(a_load(gateway, tmp_path, behaviour={"mix": mix, "keys": "any", "records": 3}))

    recording = read_measured(tmp_path).recording
    found = recording.defects.pop(defect, 0)
    assert recording.defects == {}
    assert recording.books.failed == found
    assert is_balanced(recording.books)
    if sabotage in {"torn", "foreign", "twice"}:
        assert found == gateway.sabotaged > 5
        assert recording.failure_kinds == {f"wrong answer: {defect}": found}
    elif sabotage == "stale":  # a version of 0 or 1 is too old once a write of it was answered
        assert 0 < found <= gateway.sabotaged
    assert (len(recording.defect_examples) > 0) is bool(sabotage)
