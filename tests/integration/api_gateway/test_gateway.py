"""The gateway as a process, from outside."""

import gzip
import json
import socket
import threading
import time

import psutil
import pytest

from scalelab.contracts.stack_identity import stack_identity

pytestmark = pytest.mark.integration


def get(gateway, target, *headers):
    status, answered, body = gateway.ask("GET", target, headers=headers)
    return status, answered["X-Cache"], body


def wait_until(is_true, limit_s=10.0):
    deadline_s = time.monotonic() + limit_s
    while not is_true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def refuses(address):
    try:
        socket.create_connection(address, timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_day_of_a_gateway(gateway, services):
    """Health, login, miss, hit, unchanged, write, the new value, the metrics."""
    status, headers, body = gateway.ask("GET", "/health")
    assert (status, headers["X-Scalelab-Instance"]) == (200, "api_gateway-1")
    assert json.loads(body) == {
        "status": "ok",
        "instance": "api_gateway-1",
        "stack": stack_identity("nonce-of-this-test"),
    }

    assert get(gateway, "/data?key=1")[:2] == (200, "MISS")
    status, headers, body = gateway.ask("GET", "/data?key=1")
    assert (status, headers["X-Cache"], json.loads(body)["value"]) == (200, "HIT", "first")
    assert headers["Cache-Status"].startswith("scalelab; hit; ttl=")
    assert get(gateway, "/data?key=1", ("If-None-Match", headers["ETag"])) == (304, "HIT", b"")
    assert [get(gateway, "/process?key=1")[1] for _ in range(2)] == ["MISS", "HIT"]

    status, headers, _ = gateway.ask("PUT", "/data?key=1", body={"value": "second"})
    assert (status, headers["X-Cache"]) == (200, "BYPASS")
    status, outcome, body = get(gateway, "/data?key=1")
    assert (status, outcome, json.loads(body)["value"]) == (200, "MISS", "second")
    assert get(gateway, "/process?key=1")[1] == "MISS"
    assert get(gateway, "/data?key=404")[:2] == (404, "MISS")

    assert services.asked.count("GET /records/1") == 2
    assert gateway.metric('scalelab_cache_hits_total{route="/data"}') == 2
    assert gateway.metric('scalelab_cache_misses_total{route="/data"}') == 3


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer a.b.c")],
        [("Authorization", "Basic YTpi")],
        [("Authorization", "Bearer " + "x" * 9000)],
        [("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")],
    ],
    ids=["none", "nonsense", "basic", "huge", "unsigned"],
)
def test_who_has_no_good_token_is_not_let_in(gateway, services, headers):
    """401 with a challenge, from the cache neither."""
    get(gateway, "/data?key=1")
    gateway.token = None

    status, answered, body = gateway.ask("GET", "/data?key=1", headers=headers)

    assert status == 401
    assert answered["WWW-Authenticate"].startswith('Bearer realm="scalelab"')
    assert b"first" not in body
    assert services.asked.count("GET /records/1") == 1


def test_wrong_credentials_are_refused(gateway):
    """Known or not."""
    for username in ("alice", "mallory"):
        status, _, body = gateway.ask("POST", "/login", body={"username": username, "password": "wrong"})
        assert (status, json.loads(body)["detail"]) == (401, "username or password is wrong")


def test_two_gateways_share_tokens_entries_and_writes(start_gateway):
    """A token and an entry of the first count at the second; a write at the second is seen at the first."""
    first, second = start_gateway(), start_gateway()
    first.login()
    second.token = first.token

    def outcome(gateway):
        _, outcome, body = get(gateway, "/data?key=7")
        return outcome, json.loads(body)["value"]

    seen = [outcome(first), outcome(second)]
    second.ask("PUT", "/data?key=7", body={"value": "new"})
    seen += [outcome(first), outcome(second)]

    assert seen == [("MISS", "first"), ("HIT", "first"), ("MISS", "new"), ("HIT", "new")]


def test_flush_needs_the_nonce_and_empties_the_cache(gateway):
    """403 without; afterwards everybody misses."""
    get(gateway, "/data?key=1")
    refused = gateway.ask("POST", "/cache/flush", admin=True)[0]
    hit = get(gateway, "/data?key=1")[1]
    flushed = gateway.ask("POST", "/cache/flush", headers=[("X-Scalelab-Stack", "nonce-of-this-test")], admin=True)
    miss = get(gateway, "/data?key=1")[1]

    assert (refused, hit, miss) == (403, "HIT", "MISS")
    assert (flushed[0], json.loads(flushed[2])) == (200, {"flushed": True})


def test_without_its_cache_a_gateway_reads_but_does_not_write(gateway, services, valkey):
    """The server is killed: reads go to the database, writes are refused, the log says it once."""
    valkey.kill()

    reads = [get(gateway, "/data?key=1")[:2] for _ in range(3)]
    write = gateway.ask("PUT", "/data?key=1", body={"value": "new"})[0]

    assert reads == [(200, "MISS")] * 3
    assert write == 503
    assert not any(asked.startswith("PUT") for asked in services.asked)
    assert gateway.metric('scalelab_cache_faults_total{kind="unavailable"}') == 4
    assert gateway.log_file.read_text().count("cache_outage_began") == 1


def test_a_client_that_hangs_up_in_the_queue_costs_nothing(start_gateway, services):
    """One slot, taken; a second client comes and goes: 499 counted, its record never asked for."""
    gateway = start_gateway(upstream_slots=1)
    gateway.login()
    services.delay_s = 1.0
    first = threading.Thread(target=gateway.ask, args=("GET", "/data?key=1"))
    first.start()
    assert wait_until(lambda: "GET /records/1" in services.asked)

    with socket.create_connection(gateway.address) as client:
        head = f"GET /data?key=2 HTTP/1.1\r\nHost: lab\r\nAuthorization: Bearer {gateway.token}\r\n\r\n"
        client.sendall(head.encode())
        assert wait_until(lambda: gateway.metric("scalelab_upstream_queue_length") == 1)
    gone = 'scalelab_requests_total{method="GET",route="/data",status="499"}'
    is_counted = wait_until(lambda: gateway.metric(gone) == 1)
    first.join()

    assert is_counted
    assert "GET /records/2" not in services.asked
    assert gateway.metric("scalelab_upstream_slots_in_use") == 0


def test_a_service_that_is_away_or_slow_has_its_status(start_gateway, services):
    """503 for one that refuses, 504 for one that does not answer in time."""
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    gateway = start_gateway(microservice_url=f"http://127.0.0.1:{port}", upstream_timeout_s=0.5)
    gateway.login()
    services.delay_s = 1.5

    assert (get(gateway, "/process?key=1")[0], get(gateway, "/data?key=1")[0]) == (503, 504)


def test_a_stop_finishes_what_is_under_way_and_leaves_nothing(gateway, services):
    """SIGTERM with a request in flight: it is answered, then the port refuses and no process is left."""
    services.delay_s = 1.0
    answers = []
    asking = threading.Thread(target=lambda: answers.append(gateway.ask("GET", "/data?key=1")[0]))
    asking.start()
    assert wait_until(lambda: "GET /records/1" in services.asked)

    exit_code = gateway.stop()
    asking.join()

    assert answers == [200]
    assert exit_code == 0
    assert refuses(gateway.address)
    assert refuses(gateway.admin_address)
    assert not gateway.has_processes()


@pytest.mark.parametrize(
    ("content", "reason"), [("ab" * 8, "HS256 needs at least 32"), ("no key", "is not hexadecimal")]
)
def test_a_weak_secret_stops_the_start(start_gateway, tmp_path, content, reason):
    """One line that names the file, and not the secret."""
    file = tmp_path / "weak.hex"
    file.write_text(content)
    gateway = start_gateway(wait=False, token_algorithm="HS256", signing_key_file=str(file))

    exit_code = gateway.process.wait(20)
    log = gateway.log_file.read_text()

    assert exit_code not in {0, None}
    assert reason in log
    assert "Traceback" not in log
    assert content not in log
    assert not gateway.has_processes()


def test_secrets_stay_out_of_logs_and_command_line(gateway):
    """Neither the password nor the token."""
    get(gateway, "/data?key=1")
    command_line = " ".join(psutil.Process(gateway.process.pid).cmdline())

    log = gateway.log_file.read_text()
    assert gateway.token not in log
    assert '"right"' not in log
    assert "BEGIN PRIVATE KEY" not in log + command_line


def test_answers_are_compressed_for_who_takes_that(start_gateway, services):
    """C11, on every path of a gateway: the ordinary one, the direct one and memory; a length that fits each time."""
    services.values["/records/1"] = "a word and another word, " * 40
    gateway = start_gateway(compression=True)
    gateway.login()

    told = {"gzip": set(), "identity": set()}

    def fits_both_from_memory():
        for takes, bodies in told.items():
            _, headers, body = gateway.ask("GET", "/data?key=1", headers=[("Accept-Encoding", takes)])
            assert (int(headers["Content-Length"]), headers["Vary"]) == (len(body), "Accept-Encoding")
            assert headers["Content-Encoding"] == ("gzip" if takes == "gzip" else None)
            bodies.add(gzip.decompress(body) if takes == "gzip" else body)
        return gateway.metric("scalelab_hit_path_answers_total") > 3

    assert wait_until(fits_both_from_memory)
    assert told["gzip"] == told["identity"]
    assert len(told["gzip"]) == 1
    assert services.asked.count("GET /records/1") == 1


def test_metrics_are_read_while_everybody_asks_and_a_worker_dies(start_gateway):
    """F08: every scrape is whole and no request waits for one; a worker's counters end with it, and begin anew."""
    gateway = start_gateway(hit_path=False)
    gateway.login()
    is_over, sizes, counted = (
        threading.Event(),
        [],
        'scalelab_requests_total{method="GET",route="/data",status="200"}',
    )

    def scrape():
        while not is_over.is_set():
            sizes.append(len(gateway.ask("GET", "/metrics", admin=True)[2].splitlines()))

    scraper = threading.Thread(target=scrape)
    scraper.start()
    statuses = {gateway.ask("GET", f"/data?key={key}")[0] for key in range(1, 101)}
    is_over.set()
    scraper.join()
    before = gateway.metric(counted)
    (worker,) = psutil.Process(gateway.process.pid).children()
    worker.kill()
    assert wait_until(lambda: is_ready_again(gateway, worker.pid))
    gateway.ask("GET", "/data?key=1")

    assert (statuses, before) == ({200}, 100)
    assert max(sizes) - min(sizes) < 100  # a hundred records are no hundred series
    assert gateway.metric(counted) == 1


def is_ready_again(gateway, pid_before):
    """With another worker."""
    pids = [child.pid for child in psutil.Process(gateway.process.pid).children()]
    try:
        return pids != [pid_before] and gateway.ask("GET", "/health/ready", admin=True)[0] == 200
    except OSError:
        return False
