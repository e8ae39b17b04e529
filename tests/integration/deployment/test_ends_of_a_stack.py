"""However a stack's supervisor ends, nothing is left: Ctrl-C, termination, kill -9, a failed start."""

import contextlib
import json
import signal
import threading
import time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import psutil
import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
SMALL = ("--set", "database.records=1000")


def ready_line(process):
    """Reads until the stack says that Ctrl-C stops it."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    return "".join(lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_stops_the_stack_in_the_foreground(home, ports_open_of, number):
    """Exit code 130, no process, no port; the logs stay."""
    process = home.begin("up", *SMALL)
    shown = ready_line(process)
    view = home.status()

    process.send_signal(number)
    _out, complaints = process.communicate(timeout=60)

    assert view["url"] in shown
    assert view["login"]["password"] in shown
    assert process.returncode == 130, complaints
    assert "Traceback" not in complaints
    assert home.processes() == []
    assert ports_open_of(view) == []
    assert (home.path / "stacks" / "default" / "logs" / "api_gateway-1.log").exists()


def test_kill_9_of_the_command_leaves_nothing_and_the_next_one_tidies_up(home, ports_open_of):
    """Status says so, down removes what is left, and a second stack comes up in the same place."""
    process = home.begin("up", *SMALL)
    ready_line(process)
    view = home.status()

    process.kill()
    process.communicate(timeout=60)
    left = home.await_silence()
    status = home.scalelab("status")
    down = home.scalelab("down")

    assert left == []
    assert ports_open_of(view) == []
    assert status.returncode == 1
    assert status.stderr.startswith("scalelab: the stack 'default' is not running any more (its supervisor, process ")
    assert status.stderr.count("\n") == 1
    assert down.returncode == 0
    assert down.stdout == "Stack 'default' was not running any more; what it had left is removed.\n"
    assert not (home.path / "stacks" / "default" / "stack.json").exists()


def test_kill_9_of_a_detached_supervisor_leaves_nothing_and_up_starts_over(home):
    """The stale directory is recognised at the next `up`."""
    assert home.scalelab("up", "--detach", *SMALL).returncode == 0
    before = home.record()

    psutil.Process(before["supervisor"]["pid"]).kill()
    left = home.await_silence()
    again = home.scalelab("up", "--detach", *SMALL)

    assert left == []
    assert again.returncode == 0, again.stderr
    assert home.status()["nonce"] != before["view"]["nonce"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interruption_while_a_detached_stack_starts_leaves_nothing(home, eventually, number):
    """The supervisor notices that nobody waits for it any more."""
    process = home.begin("up", "--detach", *SMALL)
    assert eventually(lambda: len(home.processes()) > 3, 60.0)

    process.send_signal(number)
    _out, complaints = process.communicate(timeout=60)
    left = home.await_silence(20.0)

    assert process.returncode == (130 if number == signal.SIGINT else -9)
    assert "Traceback" not in complaints
    assert left == []
    assert home.scalelab("status").returncode == 1


def test_service_that_dies_at_start_is_shown_with_its_last_log_lines(home):
    """Name, exit code, log; the rest of the stack is stopped."""
    up = home.scalelab("up", "--set", "database.url=postgresql://nobody@127.0.0.1:1/none")

    told = up.stderr.split("scalelab: ", 1)[1]
    assert up.returncode == 1
    assert told.startswith("database-1 ended with exit code 3 while it started; the end of ")
    assert "cannot use the PostgreSQL database none" in told
    assert "Traceback" not in told
    assert home.processes() == []
    assert not (home.path / "stacks" / "default" / "stack.json").exists()


def test_taken_port_is_one_line_and_nothing_is_started(home):
    """A second stack on the first one's port."""
    assert home.scalelab("up", "--detach", *SMALL).returncode == 0
    port = home.status()["url"].rpartition(":")[2]

    up = home.scalelab("up", "--name", "other", "--port", port)

    assert up.returncode == 2
    assert up.stderr.splitlines()[-1].startswith(f"scalelab: port {port} on 127.0.0.1 is taken: choose another with ")
    assert up.stderr.count("\n") == 2
    assert not list((home.path / "stacks" / "other" / "logs").iterdir())


def test_unusable_places_are_one_line(home):
    """A file where the directory should be; a cache that is not there."""
    (home.path / "stacks").write_text("in the way")

    blocked = home.scalelab("up")
    (home.path / "stacks").unlink()
    no_cache = home.scalelab("up", "--set", "cache.url=redis://:secret@127.0.0.1:1/0")

    assert (blocked.returncode, no_cache.returncode) == (2, 2)
    assert blocked.stderr.splitlines()[-1].startswith("scalelab: the state directory ")
    assert "SCALELAB_HOME" in blocked.stderr
    assert no_cache.stderr.splitlines()[-1].startswith(
        "scalelab: nobody answers at cache.url = redis://127.0.0.1:1/0 ("
    )


def test_supervisor_that_hangs_is_ended_by_force(home, ports_open_of):
    """`down` does not need its help."""
    assert home.scalelab("up", "--detach", *SMALL).returncode == 0
    view = home.status()
    supervisor = psutil.Process(home.record()["supervisor"]["pid"])

    supervisor.suspend()
    down = home.scalelab("down")

    assert down.returncode == 0, down.stderr
    assert home.processes() == []
    assert ports_open_of(view) == []


def test_second_interrupt_does_not_wait_for_requests_in_flight(home):
    """The first one lets requests finish; the second one ends it at once."""
    process = home.begin("up", *SMALL, "--set", "database.delay.mean_s=9.0")
    ready_line(process)
    view = home.status()
    asked = threading.Thread(target=ask_slowly, args=(view,))
    asked.start()
    time.sleep(1.0)

    interrupted_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    was_waiting = process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    took_s = time.monotonic() - interrupted_s
    asked.join()

    assert was_waiting
    assert process.returncode == 130
    assert took_s < 6.0
    assert home.processes() == []


def ask_slowly(view):
    connection = HTTPConnection(urlsplit(view["url"]).netloc, timeout=30)
    with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
        connection.request("POST", "/login", json.dumps(view["login"]), {"Content-Type": "application/json"})
        token = json.loads(connection.getresponse().read())["access_token"]
        connection.request("GET", "/data?key=1", headers={"Authorization": f"Bearer {token}"})
        connection.getresponse().read()
