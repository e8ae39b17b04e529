"""A running stack, looked at from all sides: no secret where others read, no admin port where others come by."""

import base64
import http.client
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from scalelab.contracts.http_names import STACK_NONCE_HEADER

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
GUESSED = "guessed-in-vain-3141"
ADMIN_REQUESTS = [
    ("GET", "/metrics"),
    ("POST", "/health/drain"),
    ("POST", "/cache/flush"),
    ("POST", "/cache/purge"),
    ("POST", "/keys/reload"),
    ("PUT", "/routes"),
    ("PUT", "/delay"),
    ("POST", "/handicap"),
    ("GET", "/dead-letters"),
    ("GET", "/members"),
]
TRICKS = ["%s", "/%s", "/.%s", "/data/..%s", "http://127.0.0.1%s"]


@dataclass
class Running:
    """A stack, and what was said to it and by it."""

    view: dict
    directory: Path
    answers: list

    def ask(self, method, target, headers=(), body=None):
        """Status and body; all of it is kept."""
        connection = http.client.HTTPConnection(urlsplit(self.view["url"]).netloc, timeout=30)
        try:
            connection.putrequest(method, target)
            for name, value in headers:
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            response = connection.getresponse()
            content = response.read()
            self.answers.append(str(response.headers).encode() + content)
            return response.status, content
        finally:
            connection.close()

    def processes(self):
        pids = {service["pid"] for service in self.view["services"]}
        mothers = [psutil.Process(pid) for pid in pids]
        return [*mothers, *(child for mother in mothers for child in mother.children(recursive=True))]


@pytest.fixture
def running(home):
    """Two gateways, one of them for the worse: wrong passwords, torn tokens, broken requests, services that fail."""
    assert home.scalelab("up", "--detach", "--gateways", "2").returncode == 0
    return Running(home.status(), home.path / "stacks" / "default", [])


def provoke(running):
    """Errors of every kind, each with a secret in it; the tokens that were given."""
    login = running.view["login"]
    _, body = running.ask("POST", "/login", body=json.dumps(login).encode())
    tokens = json.loads(body)
    running.answers.clear()  # the login tells what it was asked for
    access = tokens["access_token"]
    bearer = ("Authorization", f"Bearer {access}")
    for password in (GUESSED, login["password"] + GUESSED):
        running.ask("POST", "/login", body=json.dumps({**login, "password": password}).encode())
    running.ask("POST", "/login", body=json.dumps({**login, "extra": login["password"]}).encode())
    running.ask("POST", "/login", body=json.dumps({"username": login["password"], "password": 1}).encode())
    running.ask("POST", "/login", body=json.dumps(login).encode()[:-1])
    running.ask("POST", "/token/refresh", body=json.dumps({"refresh_token": tokens["refresh_token"] + "x"}).encode())
    running.ask("GET", "/data?key=1", [("Authorization", f"Bearer {access}x")])
    running.ask("GET", "/data?key=1", [bearer, bearer])
    running.ask("GET", f"/data?key={access}", [bearer])
    running.ask("PUT", "/data?key=1", [bearer], json.dumps({"value": access, "more": access}).encode())
    running.ask("POST", "/longtask", [bearer, ("Idempotency-Key", access)], json.dumps({access: 1}).encode())
    running.ask("GET", "/data?key=1", [bearer, ("Host", "two")])
    running.ask("GET", "/data?key=999999999", [bearer])
    for service in running.view["services"]:
        if service["name"] in {"database", "microservice"}:
            psutil.Process(service["pid"]).kill()
    for target in ("/data?key=2", "/process?key=2"):
        running.ask("GET", target, [bearer])
    running.ask("POST", "/login", body=json.dumps(login).encode())
    return tokens


def secrets_of(running, tokens):
    """Every secret of the stack, by a name that may be shown."""
    accounts = [running.view["login"], *running.view["load_accounts"]]
    key = (running.directory / "keys" / "signing_key").read_bytes()
    lines = [line for line in key.splitlines() if not line.startswith(b"-----")]
    return {
        "the nonce": running.view["nonce"].encode(),
        "the signing key": max(lines, key=len),
        "an access token": tokens["access_token"].split(".")[2].encode(),
        "a refresh token": tokens["refresh_token"].encode(),
        "a wrong password": GUESSED.encode(),
        "a basic password": base64.b64encode(accounts[0]["password"].encode()),
        **{f"the password of {account['username']}": account["password"].encode() for account in accounts},
    }


def readable_by_others():
    """Command lines and environments of all processes of this machine."""
    for directory in Path("/proc").iterdir():
        for name in ("cmdline", "environ"):
            with suppress(OSError):
                yield f"{directory.name} {name}", (directory / name).read_bytes()


def test_no_secret_stands_where_others_can_read_it(running, eventually):
    """Not in any command line, environment, log or answer to an error; in files only that are the owner's alone."""
    secrets = secrets_of(running, provoke(running))
    assert eventually(lambda: running.ask("GET", "/health")[0] == 200, 20)
    logs = {str(file): file.read_bytes() for file in (running.directory / "logs").iterdir()}
    answers = {f"answer {number}": said for number, said in enumerate(running.answers)}
    files = [file for file in running.directory.rglob("*") if file.is_file()]
    open_files = {str(file): file.read_bytes() for file in files if file.stat().st_mode & 0o077}
    places = [*readable_by_others(), *logs.items(), *answers.items(), *open_files.items()]

    found = [(name, place) for name, secret in secrets.items() for place, content in places if secret in content]
    held = {name for name, secret in secrets.items() for file in files if secret in file.read_bytes()}

    assert found == []
    assert held >= {"the nonce", "the signing key"}
    assert running.directory.stat().st_mode & 0o077 == 0
    assert len(answers) > 15
    assert any(b"upstream_fault" in log for log in logs.values())


def test_admin_ports_are_on_loopback_and_not_behind_the_balancer(running):
    """All listen on loopback; what an admin port would do, the balancer's does not, whatever it is told.

    Nor does an admin port for whoever has not read the stack's own files: what `/health` tells opens nothing.
    """
    nonce = (STACK_NONCE_HEADER, running.view["nonce"])
    listening = [
        connection.laddr
        for process in running.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    reached = {
        (method, target): found
        for method, path in ADMIN_REQUESTS
        for target in (trick % path for trick in TRICKS)
        if (found := running.ask(method, target, [nonce])[0]) not in {400, 404, 405}
    }
    hidden = [
        name
        for name, secret in (("nonce", running.view["nonce"]), ("metrics", "scalelab_requests_total"))
        if any(secret.encode() in answer for answer in running.answers)
    ]

    assert len(listening) >= 11
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    assert reached == {}
    assert hidden == []
    assert changed_without_the_nonce(running) == {}
    assert {service["state"] for service in running.view["services"]} == {"ready"}


def changed_without_the_nonce(running):
    """Requests to admin ports that were not refused."""
    told = json.loads(running.ask("GET", "/health")[1])["stack"]
    taken = {}
    for service in (service for service in running.view["services"] if service["admin_url"]):
        for method, path in ADMIN_REQUESTS:
            for given in ({}, {STACK_NONCE_HEADER: told}, {STACK_NONCE_HEADER: ""}):
                connection = http.client.HTTPConnection(urlsplit(service["admin_url"]).netloc, timeout=10)
                connection.request(method, path, headers=given)
                status = connection.getresponse().status
                connection.close()
                if method != "GET" and status not in {403, 404}:
                    taken[service["instance"], method, path] = status
    return taken
