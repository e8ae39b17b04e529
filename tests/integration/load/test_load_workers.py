"""Load workers that a coordinator reaches by sockets: the same load, and no load that nobody asked for."""

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

from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.plan import ClosedLoad
from scalelab.lab.load.processes import WorkerFailedError
from scalelab.lab.load.workers.addresses import Workers, parse_address

pytestmark = pytest.mark.integration

SCALELAB = Path(sys.executable).with_name("scalelab")
SECRET = "a-secret-that-is-known-to-two-of-us-only"


@pytest.fixture
def secret_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o600)
    return file


class RunningWorker:
    def __init__(self, process):
        self.process = process
        self.address = parse_address(process.stdout.readline().split()[-1])

    def generators(self):
        return psutil.Process(self.process.pid).children()

    def await_generators(self, number, limit_s=30.0):
        limit_s += time.monotonic()
        while len(self.generators()) != number and time.monotonic() < limit_s:
            time.sleep(0.05)
        return self.generators()


@pytest.fixture
def start_worker():
    """Start `scalelab load-worker` on a free port of loopback."""
    started = []

    def start(*options):
        command = [SCALELAB, "load-worker", "--listen", "127.0.0.1:0", *map(str, options)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return RunningWorker(started[-1])

    yield start
    for process in started:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


def together(*workers, secret=""):
    return Workers(tuple(worker.address for worker in workers), secret)


def wait_until_sending(server):
    limit_s = time.monotonic() + 60
    while server.count() < 20 and time.monotonic() < limit_s:
        time.sleep(0.05)


def test_one_process_two_and_two_workers_make_the_same_load(shared_server, start_server, start_worker, measure):
    """The same schedule and the same keys, each asked once; the same books; each worker made its half."""
    workers = together(start_worker(), start_worker())
    ways = {
        "one process": {},
        "two processes": {"processes": 2},
        "two workers": {"processes": 2, "workers": workers},
    }
    asked, books = {}, {}
    for name, options in ways.items():
        server = start_server("echo")
        result = measure(
            f"{server.url}?key={{key}}",
            rate=100,
            keys=KeyPlan(distribution="unique", count=1000),
            **options,
        )
        server.process.kill()
        lines = server.process.stdout.read().splitlines()
        asked[name] = sorted(line.partition("|")[0] for line in lines if "key=" in line)
        books[name] = (result.offered, result.sent, result.completed, result.latency_intended_s.count)
        machines = result.generator.machines

    assert set(books.values()) == {(100, 100, 100, 100)}
    assert len(set(asked["one process"])) == 100
    assert asked["one process"] == asked["two processes"] == asked["two workers"]
    assert [machine.sent for machine in machines] == [50, 50]
    assert all(0 < machine.clock_uncertainty_s < 1 for machine in machines)


def test_users_of_a_closed_load_are_dealt_out(shared_server, start_worker, measure):
    """Two workers with two processes each, ten users who are each somewhere."""
    workers = together(start_worker(), start_worker())

    result = measure(
        shared_server("delay=0.1").url,
        load=ClosedLoad(users=10),
        duration=1.5,
        processes=4,
        connections=10,
        workers=workers,
    )

    assert [machine.processes for machine in result.generator.machines] == [2, 2]
    assert result.in_flight_mean == pytest.approx(10, rel=0.15)
    assert result.failed == result.timed_out == 0


@pytest.mark.parametrize("theirs", ["", "another-secret-that-is-also-long-enough-to-do"])
def test_a_coordinator_with_another_secret_is_refused(shared_server, start_worker, measure, secret_file, theirs):
    """Nothing is sent; the words say which options to look at."""
    worker = start_worker("--secret-file", secret_file)
    server = shared_server("quick")
    before = server.count()

    with pytest.raises(
        WorkerFailedError, match=f"load worker {worker.address}: it has another secret: .*--secret-file"
    ):
        measure(server.url, workers=together(worker, secret=theirs))

    assert worker.generators() == []
    assert server.count() == before
    assert measure(server.url, rate=20, workers=together(worker, secret=SECRET)).completed == 20


def test_what_a_worker_does_not_allow_is_refused(shared_server, start_worker, measure):
    """By its own options, whoever asks."""
    worker = start_worker("--max-rate", 50, "--max-duration", 60)
    server = shared_server("quick")

    with pytest.raises(WorkerFailedError, match="100 requests/s are more than it allows: 50"):
        measure(server.url, rate=100, workers=together(worker))
    with pytest.raises(WorkerFailedError, match="longer than it allows: 60 s"):
        measure(server.url, rate=1, duration=59, workers=together(worker))


def test_a_worker_serves_one_load_at_a_time(shared_server, start_server, start_worker, start_command, measure):
    """The second is told so, and the first goes on."""
    worker, server = start_worker(), start_server("quick")
    start_command(server, worker)
    wait_until_sending(server)

    with pytest.raises(WorkerFailedError, match="at work for another load"):
        measure(shared_server("quick").url, workers=together(worker))

    count = server.count()
    time.sleep(0.5)
    assert server.count() > count


def test_nobody_there_and_no_such_name_are_told(shared_server, start_worker, measure):
    """One line each, with the worker's address."""
    worker = start_worker()
    worker.process.kill()
    worker.process.wait()

    with pytest.raises(WorkerFailedError, match=f"load worker {worker.address}: cannot connect: .*refused"):
        measure(shared_server("quick").url, workers=together(worker))
    with pytest.raises(WorkerFailedError, match=r"cannot resolve 'no-such-host\.invalid'"):
        measure("http://no-such-host.invalid/", workers=together(start_worker()))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_worker_makes_the_load_partial(start_server, start_worker, measure, how):
    """Killed, or silent as behind a cut wire: told by name, and its share is not silently missing."""
    server, lost, kept = start_server("quick"), start_worker(), start_worker()
    results = []
    load = threading.Thread(
        target=lambda: results.append(
            measure(server.url, rate=40, duration=10, processes=2, workers=together(lost, kept))
        )
    )
    load.start()
    wait_until_sending(server)
    time.sleep(1.1)

    lost.process.send_signal(how)
    load.join()

    (result,) = results
    assert "partial" in result.validities
    assert result.offered == 400
    assert result.sent < 400
    assert [len(machine.losses) for machine in result.generator.machines] == [1, 0]
    assert any(f"{lost.address}: the connection to it was lost" in caveat.text for caveat in result.caveats)


@pytest.fixture
def start_command(start_server, tmp_path):
    """`scalelab load` of a minute, through workers."""
    started = []

    def start(server, *workers):
        addresses = ",".join(str(worker.address) for worker in workers)
        command = [SCALELAB, "load", server.url, "--rate", "50", "--duration", "60", "--workers", addresses]
        command += ["--json", str(tmp_path / "result.json")]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1], tmp_path / "result.json"

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_workers_stop_when_their_coordinator_is_gone(start_server, start_worker, start_command):
    """kill -9 of the command: no generator goes on loading, and the workers are free for the next load."""
    server, worker = start_server("quick"), start_worker()
    process, _ = start_command(server, worker)
    wait_until_sending(server)
    assert len(worker.generators()) == 1

    process.kill()

    assert worker.await_generators(0) == []
    assert worker.process.poll() is None


def test_workers_stop_when_their_coordinator_is_silent(start_server, start_worker, start_command):
    """Behind a cut wire nobody says goodbye."""
    server, worker = start_server("quick"), start_worker()
    process, _ = start_command(server, worker)
    wait_until_sending(server)
    (link,) = psutil.Process(process.pid).children()

    link.suspend()

    assert worker.await_generators(0) == []
    link.resume()


def test_an_interrupted_load_ends_at_the_workers_and_is_kept(start_server, start_worker, start_command):
    """Ctrl-C here ends it there, at once; what was measured is written."""
    server, workers = start_server("quick"), (start_worker(), start_worker())
    process, file = start_command(server, *workers)
    wait_until_sending(server)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    result = json.loads(file.read_text())
    assert process.returncode == 130
    assert result["validity"] == "partial"
    assert result["generator"]["lost_processes"] == 0
    assert result["completed"] >= 20
    assert result["sent"] == result["completed"] + result["failed"] + result["timed_out"] + result["censored"]


def test_a_worker_that_ends_leaves_no_generator(start_server, start_worker, start_command):
    """SIGTERM while it is at work."""
    server, worker = start_server("quick"), start_worker()
    start_command(server, worker)
    wait_until_sending(server)
    generators = worker.generators()

    worker.process.terminate()

    assert worker.process.wait(10) == 0
    assert psutil.wait_procs(generators, timeout=5)[1] == []


def test_no_secret_is_on_a_command_line(start_server, start_worker, secret_file):
    """Neither of the worker nor of any process of the coordinator."""
    server, worker = start_server("quick"), start_worker("--secret-file", secret_file)
    command = [SCALELAB, "load", server.url, "--rate", "50", "--duration", "2"]
    command += ["--workers", str(worker.address), "--workers-secret-file", str(secret_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until_sending(server)
        seen = [psutil.Process(process.pid), *psutil.Process(process.pid).children(), *worker.generators()]
        shown = [" ".join([*one.cmdline(), *map(str, one.environ().values())]) for one in seen]
        output, errors = process.communicate(timeout=30)

    assert process.returncode in {0, 3}, output + errors  # 3: a machine with too much else to do
    assert SECRET not in "".join([*shown, output, errors])


def test_a_capacity_is_asked_of_workers_too(shared_server, start_worker):
    """Each trial is theirs; what they refuse ends the search with their words."""
    worker = start_worker("--max-rate", 5)
    command = [SCALELAB, "capacity", shared_server("quick").url, "--start", "10", "--workers", str(worker.address)]

    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert finished.returncode == 2
    assert f"load worker {worker.address}: 10 requests/s are more than it allows: 5" in finished.stderr


def test_only_loopback_needs_no_secret():
    """Anywhere else it is refused before it listens, with what to type."""
    command = [SCALELAB, "load-worker", "--listen", "0.0.0.0:0"]

    finished = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=os.environ)

    assert finished.returncode == 2
    assert "--secret-file" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
