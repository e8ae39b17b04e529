"""Asks services whether they are ready, and the balancer for its members. Trouble is a value, never an exception."""

import http.client
import json
import socket
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from scalelab.contracts.handicap import HANDICAP_PATH, Handicap
from scalelab.contracts.http_names import DELAY_PATH, HEALTH_PATH, READY_PATH, STACK_NONCE_HEADER
from scalelab.contracts.membership import MEMBERS_PATH, POLICY_PATH, MemberList, MembersView, PolicyChoice
from scalelab.contracts.model import Contract
from scalelab.contracts.routes import ROUTES_PATH, RoutesChange
from scalelab.contracts.signing_keys import KEYS_RELOAD_PATH, ReloadedKeys
from scalelab.contracts.stack_identity import stack_identity
from scalelab.contracts.topology import Delay
from scalelab.deployment.listeners import Endpoint

PROBE_LIMIT_S = 2.0
"""A busy service answers late; a dead one is noticed at once, because its port closes."""
ROUND_TRIP_LIMIT_S = 5.0
MEMBERS_MARGIN_S = 10.0
"""On top of the drain time: the balancer's own work."""
POLICY_LIMIT_S = 30.0
"""HAProxy has a successor started, which may take half of it."""


_NO_MEMBERSHIP = "an answer that is no membership"
Answer = tuple[int, dict[str, object]] | str
"""Status and document, or why there is none."""
Read = TypeVar("Read", bound=Contract)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def unready_reason(admin: Endpoint, nonce: str) -> str:
    """Why the service behind this admin listener is not ready; empty when it is."""
    connection = http.client.HTTPConnection(admin.reachable_host, admin.port, timeout=PROBE_LIMIT_S)
    answer = _exchange(connection, "GET", READY_PATH)
    if isinstance(answer, str):
        return answer
    status, body = answer
    if body.get("stack") != stack_identity(nonce):
        return "another stack answers on its port"
    return "" if status == HTTPStatus.OK else str(body.get("status", f"status {status}"))


def answering_instance(balancer: Endpoint, nonce: str) -> str | None:
    """The gateway that answered one round trip through the balancer; None when none of this stack did."""
    connection = http.client.HTTPConnection(balancer.reachable_host, balancer.port, timeout=ROUND_TRIP_LIMIT_S)
    answer = _exchange(connection, "GET", HEALTH_PATH)
    if isinstance(answer, str):
        return None
    status, body = answer
    if status != HTTPStatus.OK or body.get("stack") != stack_identity(nonce):
        return None
    return str(body.get("instance", "")) or None


def put_members(members_socket: Path, wanted: MemberList, nonce: str) -> MembersView | str:
    """Make the balancer's membership so; returns what it is then, or why not."""
    connection = _UnixConnection(members_socket, (wanted.drain_timeout_s or 0.0) + MEMBERS_MARGIN_S)
    answer = _exchange(connection, "PUT", MEMBERS_PATH, wanted.model_dump_json().encode(), nonce)
    return _read(answer, MembersView, _NO_MEMBERSHIP)


def get_members(members_socket: Path) -> MembersView | str:
    """The balancer's membership as it is, or why it is not known."""
    answer = _exchange(_UnixConnection(members_socket, PROBE_LIMIT_S), "GET", MEMBERS_PATH)
    return _read(answer, MembersView, _NO_MEMBERSHIP)


def put_policy(members_socket: Path, choice: PolicyChoice, nonce: str) -> str:
    """Have the balancer choose so; empty when every new connection is balanced so, or why not."""
    connection = _UnixConnection(members_socket, POLICY_LIMIT_S)
    answer = _exchange(connection, "PUT", POLICY_PATH, choice.model_dump_json().encode(), nonce)
    if isinstance(answer, str):
        return answer
    status, body = answer
    return "" if status == HTTPStatus.OK else str(body.get("detail", f"status {status}"))


def reload_keys(admin: Endpoint, nonce: str) -> ReloadedKeys | str:
    """Make a gateway read its keys again; what it has then, or why not."""
    return _read(_told(admin, nonce, "POST", KEYS_RELOAD_PATH), ReloadedKeys, "an answer that names no keys")


def change_handicap(admin: Endpoint, nonce: str, handicap: Handicap | None) -> str:
    """Have a service suffer, or no more; why it did not take it, or nothing."""
    if handicap is None:
        return _refusal(_told(admin, nonce, "DELETE", HANDICAP_PATH))
    return _refusal(_told(admin, nonce, "POST", HANDICAP_PATH, handicap))


def put_delay(admin: Endpoint, nonce: str, delay: Delay) -> str:
    """Give a database another simulated delay; empty when it has it, or why not."""
    return _refusal(_told(admin, nonce, "PUT", DELAY_PATH, delay))


def put_routes(admin: Endpoint, nonce: str, change: RoutesChange) -> str:
    """Give a gateway other routes, or ask whether it could take them; empty, or why not."""
    answer = _told(admin, nonce, "PUT", ROUTES_PATH, change)
    if isinstance(answer, str):
        return answer
    status, body = answer
    return "" if status == HTTPStatus.OK else str(body.get("reason", f"status {status}"))


def _told(admin: Endpoint, nonce: str, method: str, path: str, body: Contract | None = None) -> Answer:
    """What a service of the stack says to a change."""
    connection = http.client.HTTPConnection(admin.reachable_host, admin.port, timeout=PROBE_LIMIT_S)
    return _exchange(connection, method, path, b"" if body is None else body.model_dump_json().encode(), nonce)


def _refusal(answer: Answer) -> str:
    """Why it was not done, or nothing."""
    if isinstance(answer, str):
        return answer
    status, body = answer
    return "" if status == HTTPStatus.OK else f"status {status}: {body}"


def _read(answer: Answer, kind: type[Read], what_else: str) -> Read | str:
    """The answer as what it should be, or why it is not."""
    reason = _refusal(answer)
    if reason or isinstance(answer, str):
        return reason
    try:
        return kind.model_validate(answer[1])
    except ValidationError as error:
        return f"{what_else}: {error}"


def _exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None, nonce: str = ""
) -> Answer:
    headers = {"Connection": "close"}
    if body is not None:
        headers |= {"Content-Type": "application/json", STACK_NONCE_HEADER: nonce}
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        document = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"no answer ({type(error).__name__}: {error})"
    finally:
        connection.close()
    return (response.status, document) if isinstance(document, dict) else "an answer that is no JSON object"
