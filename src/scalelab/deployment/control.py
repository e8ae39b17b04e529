"""How others talk to a running stack's supervisor: one JSON line each way over a Unix socket of its owner only.

`{"verb": "status"}`, `{"verb": "scale", "service": ..., "replicas": ...}`, `{"verb": "begin_fault", "fault": ...}`,
`{"verb": "end_fault", "target": ...}`, `{"verb": "change", "setting": ..., "value": ...}`,
`{"verb": "policy", "policy": ...}`,
`{"verb": "routes", "table": ...}` and `{"verb": "down"}` are answered with `{"view": ...}`, `{}` or
`{"error": {"kind": ..., "message": ...}}`.
"""

import json
import socket
import socketserver
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from scalelab.contracts.faults import Fault
from scalelab.contracts.routes import RouteTable
from scalelab.contracts.stack_view import StackView
from scalelab.deployment.base import PlayedStack
from scalelab.deployment.errors import KINDS, DeploymentError, StackGoneError
from scalelab.deployment.private_files import PRIVATE_MODE

Answer = dict[str, Any]


def answer_request(stack: PlayedStack, line: bytes) -> Answer:
    """What the stack answers to one line. Errors of ours are answers."""
    try:
        request = json.loads(line)
        verb = _VERBS[request.pop("verb")]
        return verb(stack, **request)
    except DeploymentError as error:
        return {"error": {"kind": type(error).__name__, "message": str(error)}}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return {"error": {"kind": "ConfigurationError", "message": f"{line!r} is no request: {error!r}"}}


def _status(stack: PlayedStack) -> Answer:
    return {"view": stack.view().model_dump(mode="json")}


def _scale(stack: PlayedStack, *, service: Any, replicas: int) -> Answer:
    return {"view": stack.scale(service, replicas).model_dump(mode="json")}


def _routes(stack: PlayedStack, *, table: Any) -> Answer:
    return {"view": stack.change_routes(RouteTable.model_validate(table)).model_dump(mode="json")}


def _change(stack: PlayedStack, *, setting: str, value: float) -> Answer:
    return {"view": stack.change(setting, float(value)).model_dump(mode="json")}


def _policy(stack: PlayedStack, *, policy: str) -> Answer:
    return {"view": stack.change_policy(str(policy)).model_dump(mode="json")}


def _begin_fault(stack: PlayedStack, *, fault: Any) -> Answer:
    stack.begin_fault(Fault.model_validate(fault))
    return {}


def _end_fault(stack: PlayedStack, *, target: str) -> Answer:
    stack.end_fault(target)
    return {}


def _down(stack: PlayedStack) -> Answer:
    stack.stop()
    return {}


_VERBS: dict[str, Callable[..., Answer]] = {
    "status": _status,
    "scale": _scale,
    "routes": _routes,
    "change": _change,
    "policy": _policy,
    "begin_fault": _begin_fault,
    "end_fault": _end_fault,
    "down": _down,
}


class ControlServer:
    """Serves one stack until closed."""

    def __init__(self, path: Path, stack: PlayedStack) -> None:
        """Raises OSError when the socket cannot be made."""
        self._server = _Server(str(path), _Handler)
        self._server.stack = stack
        path.chmod(PRIVATE_MODE)
        self._thread = Thread(target=self._server.serve_forever, args=(0.2,), name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no further requests. The one in hand is still answered."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def ask(path: Path, request: Answer, limit_s: float | None) -> Answer:
    """One request.

    Raises:
        StackGoneError: nobody answers there.
        DeploymentError: whatever the stack answered with.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(limit_s)
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer = json.loads(lines.readline())
    except (OSError, ValueError) as error:
        raise StackGoneError(f"the stack's supervisor does not answer at {path} ({error})") from error
    if "error" in answer:
        raise KINDS[answer["error"]["kind"]](answer["error"]["message"])
    return dict(answer)


def ask_view(path: Path, request: Answer, limit_s: float | None) -> StackView:
    """One request that is answered with the stack's view. Raises as `ask`."""
    return StackView.model_validate(ask(path, request, limit_s)["view"])


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    stack: PlayedStack


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        line = self.rfile.readline()
        if line:
            answer = answer_request(self.server.stack, line)
            try:
                self.wfile.write(json.dumps(answer).encode() + b"\n")
            except BrokenPipeError:
                return  # whoever asked has gone
