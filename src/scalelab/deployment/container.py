"""The first process of a container: `python -P -m scalelab.deployment.container SERVICE`. Python's library only.

It tells the service its name, starts it and waits for it. Asked to end, it first has the service say that it is not
ready, for as long as a balancer takes to notice (`DRAIN_DELAY_S`), and only then ends it: nobody is cut off.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path

from scalelab.contracts.http_names import DRAIN_PATH, STACK_NONCE_HEADER
from scalelab.deployment.container_names import instance_name, own_name

SETTINGS_FOLDER = Path("/run/scalelab/settings")
SETTINGS_VARIABLE = "SCALELAB_SETTINGS"
INSTANCE_VARIABLE = "SCALELAB_INSTANCE"
DRAIN_VARIABLE = "DRAIN_DELAY_S"
"""Seconds; no setting of the service."""
SERVICES = ("api_gateway", "microservice", "worker", "database", "load_balancer")
_ADMIN_LIMIT_S = 2.0
_USAGE_EXIT_CODE = 2
_SIGNAL_EXIT_CODE = 128


def main(arguments: Sequence[str] = sys.argv[1:], environment: Mapping[str, str] = os.environ) -> int:
    """Run one service until it ends; its exit code, or 128 and the signal that ended it."""
    if len(arguments) != 1 or arguments[0] not in SERVICES:
        print(f"say which service: one of {', '.join(SERVICES)}", file=sys.stderr)  # noqa: T201  for who starts it
        return _USAGE_EXIT_CODE
    service = arguments[0]
    told = service_environment(service, environment)
    child = subprocess.Popen([sys.executable, "-P", "-m", f"scalelab.stack.{service}"], env=told)
    farewell = threading.Thread(target=_end, args=(child, told, float(environment.get(DRAIN_VARIABLE, "0"))))

    def stop(_number: int, _frame: object) -> None:
        if farewell.ident is None:
            farewell.start()
        else:  # asked again: at once
            child.send_signal(signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return _await(child.pid)


def service_environment(service: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What the service is told: where its settings are, and its name."""
    told: MutableMapping[str, str] = {name: value for name, value in environment.items() if name != DRAIN_VARIABLE}
    told.setdefault(SETTINGS_VARIABLE, str(SETTINGS_FOLDER / f"{service}.json"))
    if INSTANCE_VARIABLE not in told:
        address = socket.gethostbyname(socket.gethostname())
        told[INSTANCE_VARIABLE] = instance_name(service, own_name(address), address)
    return dict(told)


def _end(child: subprocess.Popen[bytes], told: Mapping[str, str], drain_delay_s: float) -> None:
    if drain_delay_s > 0:
        with suppress(OSError, ValueError, KeyError, http.client.HTTPException):  # one that cannot drain just ends
            _declare_drain(json.loads(Path(told[SETTINGS_VARIABLE]).read_text(encoding="utf-8")))
            time.sleep(drain_delay_s)
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)


def _declare_drain(settings: Mapping[str, str]) -> None:
    port = int(settings["admin_listen"].rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ADMIN_LIMIT_S)
    connection.request("POST", DRAIN_PATH, b"", {STACK_NONCE_HEADER: settings["stack_nonce"]})
    connection.getresponse().read()
    connection.close()


def _await(pid: int) -> int:
    """As the first process it is the parent of every orphan, and waits for them, too."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else _SIGNAL_EXIT_CODE - code


if __name__ == "__main__":
    sys.exit(main())
