"""New keys for three real gateways under load: no request fails, and every gateway takes every token at once."""

import json
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import pytest

from at_work import AtWork

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
ROTATIONS = 3


class Visitors(AtWork):
    """Each logs in and at once reads three times, so that a token meets gateways that did not sign it."""

    def __init__(self, view, count=3):
        self._address = urlsplit(view["url"]).netloc
        self._account = json.dumps(view["login"])
        super().__init__(count)
        self.logins = 0
        self.kept = {}
        self.failures = []

    def read(self, token):
        return self._ask("GET", "/data?key=1", None, {"Authorization": f"Bearer {token}"})[0]

    def work(self, _number):
        while not self.stopped.is_set():
            try:
                status, body = self._ask("POST", "/login", self._account, {})
                if status != 200:
                    self.failures.append(f"login {status}: {body}")
                    continue
                token = json.loads(body)["access_token"]
                self.failures += [f"read {status}" for _ in range(3) if (status := self.read(token)) != 200]
                self.logins += 1
                self.kept[token.partition(".")[0]] = token
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))

    def _ask(self, method, path, body, headers):
        connection = HTTPConnection(self._address, timeout=20)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def keys(self):
        return json.loads(self._ask("GET", "/.well-known/jwks.json", None, {})[1])["keys"]


def test_keys_are_rotated_without_a_failed_request(home, eventually):
    """Three times; afterwards a token of each key is still good, and all keys are published."""
    up = home.scalelab("up", "--gateways", "3", "--detach", "--set", "database.records=100")
    assert up.returncode == 0, up.stderr
    view = home.status()

    with Visitors(view) as visitors:
        assert eventually(lambda: visitors.logins > 5, 20)
        for number in range(1, ROTATIONS + 1):
            done = home.scalelab("keys", "rotate")
            assert (done.returncode, done.stdout.count("verifies until")) == (0, number), done.stderr
            assert eventually(lambda number=number: len(visitors.kept) > number, 20)
    old = [visitors.read(token) for token in visitors.kept.values() for _ in range(3)]

    assert visitors.failures == []
    assert len(visitors.keys()) == len(visitors.kept) == ROTATIONS + 1
    assert set(old) == {200}
