"""A stack's life on real services: up, status, scale under load, down; nothing is left."""

import json
import stat
import time
from collections import Counter
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import psutil
import pytest

from at_work import AtWork

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
RECORDS = 1000
SMALL = ("--set", f"database.records={RECORDS}")
KILLED = {"api_gateway", "load_balancer", "cache", "database"}


class LightLoad(AtWork):
    """A few clients that ask `/data` as fast as they are answered, and count what they got."""

    def __init__(self, view, clients=4):
        self._address = urlsplit(view["url"]).netloc
        _status, _headers, answer = self._ask(
            "POST", "/login", json.dumps(view["login"]), {"Content-Type": "application/json"}
        )
        self._authorization = {"Authorization": f"Bearer {json.loads(answer)['access_token']}"}
        super().__init__(clients)
        self.answers = Counter()
        self.failures = []

    def work(self, key):
        while not self.stopped.is_set():
            key = (key + 10) % RECORDS
            try:
                status, headers, _body = self._ask("GET", f"/data?key={key + 1}", None, self._authorization)
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
                continue
            if status == HTTPStatus.OK:
                self.answers[headers["X-Scalelab-Instance"]] += 1
            else:
                self.failures.append(f"status {status}")

    def _ask(self, method, path, body, headers):
        connection = HTTPConnection(self._address, timeout=20)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


def resident_mib(view):
    total = 0
    for service in view["services"]:
        process = psutil.Process(service["pid"])
        total += sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    return total // 2**20


def test_stack_comes_up_scales_without_a_failed_request_and_leaves_nothing(home, ports_open_of, capsys):
    """Up with three gateways, down to one and up again under load, stopped: no failure, no process, no open port."""
    started_s = time.monotonic()
    up = home.scalelab("up", "--gateways", "3", "--detach", *SMALL)
    took_s = time.monotonic() - started_s
    assert up.returncode == 0, up.stderr
    view = home.status()
    with capsys.disabled():
        print(f"\n  3 gateways ready after {took_s:.1f} s, {resident_mib(view)} MiB resident")  # noqa: T201  a figure to read, not to assert

    with LightLoad(view) as load:
        scaled = [home.scalelab("scale", f"api_gateway={replicas}") for replicas in (1, 3)]
        after_scaling = Counter(load.answers)
        time.sleep(1.0)
    again = home.scalelab("up", "--detach")
    instances = sorted(one["instance"] for one in home.status()["services"] if one["name"] == "api_gateway")
    record = home.path / "stacks" / "default" / "stack.json"
    record_mode = stat.S_IMODE(record.stat().st_mode)
    down = home.scalelab("down")
    after = home.scalelab("status")

    assert {"ready", "url", "login", "services"} <= set(view)
    assert set(view["login"]) == {"username", "password"}
    assert all({"name", "instance", "pid", "url", "state"} <= set(service) for service in view["services"])
    assert view["ready"] is True
    assert {service["state"] for service in view["services"]} == {"ready"}
    assert view["url"] in up.stdout
    assert view["login"]["password"] in up.stdout
    assert "\x1b" not in up.stdout + up.stderr
    assert [one.returncode for one in scaled] == [0, 0], scaled
    assert load.failures == []
    assert set(load.answers - after_scaling) == {"api_gateway-1", "api_gateway-2", "api_gateway-3"}
    assert instances == ["api_gateway-1", "api_gateway-2", "api_gateway-3"]
    assert again.returncode == 2
    assert again.stderr.splitlines()[-1].startswith("scalelab: a stack named 'default' runs already")
    assert record_mode == 0o600
    assert down.returncode == 0, down.stderr
    assert home.processes() == []
    assert ports_open_of(view) == []
    assert after.returncode == 1
    assert sorted(place.name for place in record.parent.iterdir()) == ["lock", "logs"]


def test_secrets_stand_in_no_command_line_environment_or_log(home):
    """Passwords, nonce and key are in 0600 files only."""
    assert home.scalelab("up", "--detach", *SMALL).returncode == 0
    view = home.status()
    directory = home.path / "stacks" / "default"
    secrets = [view["login"]["password"], *(account["password"] for account in view["load_accounts"])]
    with LightLoad(view, clients=1):
        time.sleep(0.2)

    shown = []
    for process in home.processes():
        shown += [*process.cmdline(), *process.environ().values()]
    logs = [file.read_text() for file in (directory / "logs").iterdir()]
    modes = {
        stat.S_IMODE(file.stat().st_mode) for place in ("keys", "settings") for file in (directory / place).iterdir()
    }

    assert not [text for text in [*shown, *logs] if any(secret in text for secret in secrets)]
    assert modes == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_dead_services_start_again_on_their_ports(home, eventually):
    """A gateway and the balancer killed with -9 are back, at the same addresses, without anybody's help."""
    assert home.scalelab("up", "--detach", *SMALL).returncode == 0
    before = {service["name"]: service for service in home.status()["services"]}

    for name in ("api_gateway", "load_balancer", "cache", "database"):
        psutil.Process(before[name]["pid"]).kill()
    is_back = eventually(
        lambda: (
            home.status()["ready"]
            and all(
                one["pid"] != before[one["name"]]["pid"] for one in home.status()["services"] if one["name"] in KILLED
            )
        ),
        30.0,
    )
    after = {service["name"]: service for service in home.status()["services"]}

    assert is_back
    assert {name: one["url"] for name, one in after.items()} == {name: one["url"] for name, one in before.items()}


def test_two_stacks_run_side_by_side(home, ports_open_of):
    """Each has its own ports, nonce and accounts; stopping one leaves the other."""
    started = [home.begin("up", "--detach", "--name", name, *SMALL) for name in ("one", "two")]
    outputs = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    one, two = home.status("one"), home.status("two")

    down = home.scalelab("down", "--name", "one")

    assert down.returncode == 0
    assert one["nonce"] != two["nonce"]
    assert ports_open_of(one) == []
    assert home.status("two")["ready"] is True
