"""The few requests that the laboratory itself makes of a system: logins, one answer, a flush, metrics.

Blocking, standard library only, so that it works in threads and under Locust. Never carries load.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from scalelab.contracts.http_names import CACHE_FLUSH_PATH, LOGIN_PATH, METRICS_PATH, STACK_NONCE_HEADER
from scalelab.contracts.stack_view import Account

_BODY_SHOWN = 200


class SystemAnswerError(Exception):
    """Raised when the system did not answer, or not as it must; the message says what was asked and what came."""


@dataclass(frozen=True)
class Answer:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SystemClient:
    """One base URL; a connection for each request."""

    def __init__(self, base_url: str, timeout_s: float = 10.0) -> None:
        self._url = urlsplit(base_url)
        self._timeout_s = timeout_s

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request.

        Raises:
            SystemAnswerError: no whole answer.
        """
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=self._timeout_s)
        try:
            connection.request(method, self._url.path.rstrip("/") + path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())
        except (OSError, HTTPException) as error:
            raise SystemAnswerError(f"{method} {self._url.geturl()}{path}: no answer ({error!r})") from error
        finally:
            connection.close()

    def log_in(self, account: Account) -> str:
        """A token.

        Raises:
            SystemAnswerError: no answer, or a refusal.
        """
        credentials = json.dumps({"username": account.username, "password": account.password}).encode()
        answer = self._wanted("POST", LOGIN_PATH, {"Content-Type": "application/json"}, credentials)
        try:
            return str(json.loads(answer.body)["access_token"])
        except (ValueError, KeyError, TypeError) as error:
            raise SystemAnswerError(f"POST {LOGIN_PATH} as {account.username}: the answer has no token") from error

    def get(self, path: str, token: str) -> Answer:
        """`GET` with a token.

        Raises:
            SystemAnswerError: no answer, or another status than 200.
        """
        return self._wanted("GET", path, {"Authorization": f"Bearer {token}"})

    def flush_cache(self, nonce: str) -> None:
        """Empty the response cache; the base URL is a gateway's admin listener.

        Raises:
            SystemAnswerError: no answer, or a refusal.
        """
        self._wanted("POST", CACHE_FLUSH_PATH, {STACK_NONCE_HEADER: nonce})

    def metrics(self) -> str:
        """The Prometheus exposition; the base URL is an admin listener.

        Raises:
            SystemAnswerError: no answer.
        """
        return self._wanted("GET", METRICS_PATH).body.decode("utf-8", errors="replace")

    def _wanted(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        answer = self.request(method, path, headers, body)
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            shown = answer.body[:_BODY_SHOWN].decode("utf-8", errors="replace")
            raise SystemAnswerError(f"{method} {self._url.geturl()}{path}: status {answer.status} {shown}".rstrip())
        return answer
