"""A stack's supervisor as a process of its own, for `up --detach`.

Runs as `python -m scalelab.deployment.supervisor`: standard input has the request as one JSON document, standard
output tells events as JSON lines until the stack is ready or has failed; then it goes on alone.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from scalelab.contracts.model import Contract
from scalelab.contracts.stack_view import StackView
from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import KINDS, DeploymentError, StartError
from scalelab.deployment.events import LOG_NAME
from scalelab.deployment.local import LocalStack
from scalelab.deployment.progress import OnProgress, Progress
from scalelab.deployment.state_directory import StackDirectory

STOP_LIMIT_S = 30.0


class SupervisorRequest(Contract):
    """What to start, and where."""

    name: str
    root: Path
    topology: Topology


def start_detached(topology: Topology, directory: StackDirectory, on_progress: OnProgress) -> StackView:
    """Start a stack under a supervisor of its own; returns when it is ready.

    An interruption while it starts stops it.

    Raises:
        DeploymentError: as `LocalStack.start`.
    """
    request = SupervisorRequest(name=directory.name, root=directory.root, topology=topology)
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __spec__.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd="/",
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with process.stdin, contextlib.suppress(BrokenPipeError):
                process.stdin.write(request.model_dump_json().encode())
            with process.stdout:
                for event in _events(process.stdout):
                    view = _outcome(event, on_progress)
                    if view is not None:
                        _leave_running(process)
                        return view
        except BaseException:
            _end(process)
            raise
        _end(process)
        complaints.seek(0)
        last_words = complaints.read().decode(errors="replace").strip().splitlines()[-1:]
        raise StartError(f"the supervisor ended without an answer: {' '.join(last_words) or 'it said nothing'}")


def _events(lines: IO[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        yield json.loads(line)


def _outcome(event: dict[str, Any], on_progress: OnProgress) -> StackView | None:
    if "progress" in event:
        on_progress(Progress(**event["progress"]))
        return None
    if "failed" in event:
        raise KINDS[event["failed"]["kind"]](event["failed"]["message"])
    return StackView.model_validate(event["ready"])


def _leave_running(process: subprocess.Popen[bytes]) -> None:
    process.returncode = 0  # it outlives us on purpose; this keeps Popen from warning


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()  # its reaper ends the services
        process.wait()


def main() -> None:
    """The whole life of a detached supervisor."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    request = SupervisorRequest.model_validate_json(sys.stdin.buffer.read())
    directory = StackDirectory(request.name, request.root)
    stack = LocalStack(request.topology, directory, on_progress=lambda progress: _tell({"progress": vars(progress)}))
    try:
        view = stack.start()
        _tell({"ready": view.model_dump(mode="json")})
    except DeploymentError as error:
        with contextlib.suppress(BrokenPipeError):
            _tell({"failed": {"kind": type(error).__name__, "message": str(error)}})
        sys.exit(1)
    except (KeyboardInterrupt, BrokenPipeError):  # whoever asked has gone before it was ready
        stack.stop()
        sys.exit(1)
    _go_on_alone(stack)


def _go_on_alone(stack: LocalStack) -> None:
    log = os.open(stack.directory.log_file(LOG_NAME), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    with contextlib.suppress(KeyboardInterrupt):
        stack.ended.wait()
    stack.stop()


def _tell_progress(progress: Progress) -> None:
    try:
        _tell({"progress": vars(progress)})
    except BrokenPipeError:  # whoever asked has gone before it was ready; the main thread is to stop
        os.kill(os.getpid(), signal.SIGTERM)


def _tell(event: dict[str, Any]) -> None:
    os.write(1, json.dumps(event).encode() + b"\n")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
