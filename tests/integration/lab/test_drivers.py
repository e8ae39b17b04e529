"""One suite for all load drivers against a small real server: the same files, balanced books, the same meaning."""

import csv

import pytest

from scalelab.contracts.stack_view import Account
from scalelab.lab.load.drivers import run_driver
from scalelab.lab.load.locust_driver import LocustLoad
from scalelab.lab.load.locust_options import UserBehaviour
from scalelab.lab.load.own_driver import OwnLoad
from scalelab.lab.load.plan import ClosedLoad, LoadPlan, OpenLoad
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.results.measured_files import read_measured

pytestmark = pytest.mark.integration

ACCOUNT = Account(username="student", password="correct horse")
DURATION_S, WINDOW_START_S, PREFIX = 3.0, 1.0, "results_1_gateway_miss"


def locust(gateway, directory, drain_limit_s):
    behaviour = UserBehaviour(
        think_time_min_s=0.1, think_time_max_s=0.3, keys="any", records=50, window_start_s=WINDOW_START_S
    )
    return LocustLoad(gateway.url, (ACCOUNT,), 20, 20, DURATION_S, drain_limit_s, behaviour, directory, PREFIX)


def own(load):
    def make(gateway, directory, drain_limit_s):
        plan = LoadPlan(
            requests=[
                RequestTemplate(name="/data", url=f"{gateway.url}/data?key={{key}}", proof="record"),
                RequestTemplate(name="/process", url=f"{gateway.url}/process?key={{key}}", proof="process"),
            ],
            load=load,
            duration_s=DURATION_S,
            warm_up_s=WINDOW_START_S,
            drain_limit_s=drain_limit_s,
            connections=200,
        )
        return OwnLoad(gateway.url, (ACCOUNT,), plan, directory, PREFIX)

    return make


DRIVERS = {
    "locust": locust,
    "closed_loop": own(ClosedLoad(users=20, think_time_min_s=0.1, think_time_max_s=0.3, spawn_rate_per_s=20)),
    "open_loop": own(OpenLoad(rate_per_s=80)),
}


@pytest.fixture(params=DRIVERS)
def drive(request, gateway, tmp_path):
    """`drive(drain_limit_s=5)` runs the load and reads what it left."""

    def run(drain_limit_s=5.0):
        end = run_driver(DRIVERS[request.param](gateway, tmp_path, drain_limit_s))
        return end, read_measured(tmp_path)

    run.name = request.param
    return run


def balanced(books):
    return (
        books.offered == books.sent + books.not_sent
        and books.sent == books.completed + books.failed + books.timed_out + books.censored
    )


def test_every_request_is_in_the_files(drive, gateway, tmp_path):
    """Server, books, timeline, histograms and CSV tell of the same requests."""
    gateway.delay_s, gateway.caches = 0.02, True

    end, measured = drive()

    recording, books = measured.recording, measured.recording.books
    in_window = sum(answers.completed for answers in recording.answers)
    assert end.trouble == ""
    assert recording.is_final
    assert books.sent == books.completed == len(gateway.asked) > 80
    assert balanced(books)
    assert {answers.route for answers in recording.answers} == {"/data", "/process"}
    assert sum(recording.cache_answers.values()) == in_window
    assert set(recording.cache_answers) <= {"HIT", "MISS"}
    assert recording.instances == {"api_gateway-1": in_window}
    assert sum(row.completed for row in measured.timeline) == books.completed
    entered = sum(measure.count for measure in recording.latencies)
    logged = sum(
        histogram.count for tag, histogram in measured.histograms.items() if tag.startswith(recording.time_base)
    )
    assert entered == logged == recording.sent_in_window
    with (tmp_path / f"{PREFIX}_stats.csv").open(encoding="utf-8") as lines:
        rows = {row["Name"]: row for row in csv.DictReader(lines)}
    assert set(rows) == {"/data", "/process", "Aggregated"}
    assert {"Request Count", "Failure Count", "Average Response Time", "Requests/s", "99%"} <= set(rows["/data"])
    counts = [int(rows[name]["Request Count"]) for name in ("/data", "/process", "Aggregated")]
    assert counts[0] + counts[1] == counts[2] > 0
    for name in ("stats_history", "failures", "exceptions"):
        assert (tmp_path / f"{PREFIX}_{name}.csv").exists()


def test_what_has_no_answer_is_censored(drive, gateway):
    """Answers of 30 s and a drain of a second: nothing is dropped."""
    gateway.delay_s = 30.0

    _, measured = drive(drain_limit_s=1.0)

    books = measured.recording.books
    assert books.censored == books.sent > 0
    assert balanced(books)
    assert measured.recording.oldest_in_flight_s > 1.0


def test_failures_are_kept_apart(drive, gateway):
    """503s: no good latency, each counted by its kind."""
    gateway.status = 503

    _, measured = drive()

    recording = measured.recording
    assert recording.books.failed == recording.books.sent > 0
    assert recording.failure_kinds == {"status 503": recording.books.failed}
    assert {measure.outcome for measure in recording.latencies} == {"failed"}
    assert sum(answers.failed for answers in recording.answers) > 0


def test_wrong_answers_are_found(drive, gateway):
    """Every fifth is torn."""
    gateway.sabotage = "torn"

    _, measured = drive()

    recording = measured.recording
    assert recording.defects == {"torn": gateway.sabotaged}
    assert recording.books.failed == gateway.sabotaged > 5


def test_a_refused_login_is_told(drive, gateway, monkeypatch):
    """Before any load."""
    monkeypatch.setattr(gateway, "url", gateway.url + "/nowhere")

    end, _ = drive()

    assert "404" in end.trouble or "login" in end.trouble.lower()
    assert gateway.asked == []
