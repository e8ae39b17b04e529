"""Starts servers whose truth is known, each in a process of its own, and ends them; they never outlive this one."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_STOP_LIMIT_S = 3.0
_ASK_LIMIT_S = 5.0


@dataclass(frozen=True)
class KnownServer:
    """One that runs."""

    port: int
    process: "subprocess.Popen[str]"
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Of its root."""
        return f"{self.scheme}://127.0.0.1:{self.port}/"

    def count(self, what: str = "requests") -> int:
        """How many requests it read, or answers it spoiled (`sabotaged`), as it knows itself."""
        path = "count" if what == "requests" else what
        with urllib.request.urlopen(self.url + path, timeout=_ASK_LIMIT_S) as answer:  # noqa: S310  our own, on loopback
            return int(answer.read())

    def freeze(self, seconds: float) -> float:
        """Stop it for a while; how long it really was."""
        os.kill(self.process.pid, signal.SIGSTOP)
        began_s = time.monotonic()
        try:
            time.sleep(seconds)
        finally:
            os.kill(self.process.pid, signal.SIGCONT)
        return time.monotonic() - began_s


@contextmanager
def known_server(behaviour: str, certificate: Sequence[str] = ()) -> Iterator[KnownServer]:
    """A running server; see `known_server.py` for its behaviours."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scalelab.lab.selftest.known_server", behaviour, *certificate],
        stdin=subprocess.PIPE,  # when it ends, so does the server
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,  # Ctrl-C reaches us alone
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield KnownServer(int(process.stdout.readline()), process, "https" if certificate else "http")
    finally:
        process.stdin.close()
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
