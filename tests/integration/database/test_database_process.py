"""The database service as a process under Gunicorn: start, pool, stop, and what happens when it is killed."""

import http.client
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from scalelab.contracts.records import Record
from scalelab.contracts.stack_identity import stack_identity

pytestmark = pytest.mark.integration


def test_it_serves_on_the_sockets_that_were_handed_down(run_database):
    """Records on one port, health with this stack's nonce on both, metrics on the other."""
    database = run_database()

    record = Record.model_validate_json(database.fetch("/records/7").body)
    written = database.fetch("/records/7", method="PUT", body=b'{"value": "new"}')
    ready = database.fetch("/health/ready")

    assert record.is_whole()
    assert written.document["version"] == 2
    assert (ready.status, ready.document["stack"]) == (200, stack_identity("nonce-of-the-test"))
    assert database.gauge("scalelab_database_pool_size") == 4
    assert database.gauge("scalelab_requests_in_flight") == 0


def test_the_file_is_readable_by_its_owner_only(run_database, tmp_path):
    """It holds password hashes."""
    run_database()

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("records.sqlite*")}

    assert set(modes.values()) == {0o600}


def test_the_pool_bounds_the_queries(run_database):
    """Six queries over two places go in three rounds: 2 held and 4 waiting, then 2 and 2, then 2 and 0."""
    database = run_database(pool_size=2, delay={"kind": "constant", "mean_s": 0.4})
    seen = []

    with ThreadPoolExecutor(6) as clients:
        answers = [clients.submit(database.fetch, f"/records/{key}") for key in range(1, 7)]
        while not all(answer.done() for answer in answers):
            held = database.gauge("scalelab_database_pool_in_use")
            seen.append((held, database.gauge("scalelab_database_pool_queue_length")))

    assert [answer.result().status for answer in answers] == [200] * 6
    assert max(held for held, _ in seen) == 2
    assert {(2, 4), (2, 2), (2, 0)} <= set(seen)
    assert (database.gauge("scalelab_database_pool_in_use"), database.gauge("scalelab_requests_in_flight")) == (0, 0)


def test_a_client_that_goes_gives_its_place_back(run_database):
    """A query of an hour is given up with its client; the only place is free for the next one."""
    database = run_database(pool_size=1, delay={"kind": "constant", "mean_s": 3600})
    connection = http.client.HTTPConnection(*database.address)
    connection.request("GET", "/records/1")
    database.wait_until(lambda: database.gauge("scalelab_database_pool_in_use") == 1, "query running")

    connection.close()
    database.wait_until(lambda: database.gauge("scalelab_database_pool_in_use") == 0, "place given back")

    lines = [line["status"] for line in database.log_lines() if line.get("path") == "/records/1"]
    assert lines == [499]
    assert database.gauge("scalelab_requests_in_flight") == 0


def test_a_stop_lets_the_request_in_flight_finish(run_database, refuses):
    """After SIGTERM the port refuses while the request in flight is still answered; then the process ends well."""
    database = run_database(delay={"kind": "constant", "mean_s": 2.0})
    with ThreadPoolExecutor(1) as client:
        in_flight = client.submit(database.fetch, "/records/1")
        database.wait_until(lambda: database.gauge("scalelab_database_pool_in_use") == 1, "query running")

        database.process.send_signal(signal.SIGTERM)
        database.wait_until(lambda: refuses(database.address), "port refuses")
        was_unfinished = not in_flight.done()
        answer = in_flight.result()

    assert was_unfinished
    assert answer.status == 200
    assert database.process.wait(timeout=10) == 0
    assert [line for line in database.log_lines() if line["level"] in {"error", "critical"}] == []


def test_a_stop_is_bounded(run_database):
    """A request that takes for ever does not hold the process beyond the graceful timeout."""
    database = run_database(delay={"kind": "constant", "mean_s": 3600}, graceful_timeout_s=0.5)
    with ThreadPoolExecutor(1) as client:
        in_flight = client.submit(database.fetch, "/records/1")
        database.wait_until(lambda: database.gauge("scalelab_database_pool_in_use") == 1, "query running")

        database.process.send_signal(signal.SIGTERM)
        code = database.process.wait(timeout=10)

        assert in_flight.exception() is not None or in_flight.result().status >= 500
    assert code == 0


def test_no_worker_outlives_a_killed_master(run_database, refuses):
    """kill -9 of the Gunicorn master takes the worker along, and the port refuses."""
    database = run_database()
    workers = database.workers()

    os.kill(database.process.pid, signal.SIGKILL)
    database.process.wait()
    _, left = psutil.wait_procs(workers, timeout=5)

    assert len(workers) == 1
    assert left == []
    assert refuses(database.address)


def test_a_killed_worker_is_replaced(run_database):
    """kill -9 of the worker: another takes over both sockets and keeps what was written."""
    database = run_database()
    database.fetch("/records/7", method="PUT", body=b'{"value": "new"}')
    (worker,) = database.workers()

    worker.kill()
    psutil.wait_procs([worker], timeout=5)
    database.wait_until(lambda: database.is_ready() and database.workers() != [worker], "another worker")

    assert database.fetch("/records/7").document["version"] == 2


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"accounts_file": "/nowhere/accounts.json"}, "accounts_file /nowhere/accounts.json cannot be read"),
        ({"url": "sqlite:/nowhere/records.sqlite"}, "database.url names the SQLite file /nowhere/records.sqlite"),
        ({"url": "mysql://somewhere"}, "database.url is neither"),
        ({"admin_listen": "nonsense"}, "admin_listen = 'nonsense'"),
    ],
)
def test_a_service_that_cannot_start_ends_and_says_why(run_database, settings, reason):
    """One log line with the reason, no traceback, exit code not 0, no second attempt."""
    database = run_database(is_awaited=False, **settings)

    code = database.process.wait(timeout=20)

    lines = database.log_lines()
    reasons = [line["reason"] for line in lines if line["event"] == "cannot_start"]
    assert code != 0
    assert len(reasons) == 1
    assert reasons[0].startswith(reason)
    assert "Traceback" not in Path(database.log_file).read_text()
    assert len([line for line in lines if line["event"].startswith("Booting worker")]) == 1


def test_bad_settings_are_one_line_and_exit_code_2(run_database):
    """All faults in one line on standard error; nothing is started."""
    database = run_database(is_awaited=False, pool_size="many", colour="red")

    code = database.process.wait(timeout=20)

    (line,) = database.log_file.read_text().splitlines()
    assert code == 2
    assert "pool_size: " in line
    assert "colour: " in line


def test_its_delay_changes_while_it_runs(run_database):
    """For whoever knows the stack's nonce; nonsense changes nothing."""
    database = run_database()
    nonce = {"X-Scalelab-Stack": "nonce-of-the-test"}

    refused = fetch_admin(database, b'{"mean_s": 0.2}', {})
    broken = fetch_admin(database, b'{"mean_s": -1}', nonce)
    changed = fetch_admin(database, b'{"mean_s": 0.2}', nonce)

    assert (refused, broken, changed) == (403, 400, 200)
    assert seconds_for(database) >= 0.199  # a timer of whole milliseconds may end one early


def fetch_admin(database, body, headers):
    connection = http.client.HTTPConnection(*database.admin, timeout=10)
    try:
        connection.request("PUT", "/delay", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def seconds_for(database):
    """Of one query."""
    began_s = time.monotonic()
    database.fetch("/records/7")
    return time.monotonic() - began_s
