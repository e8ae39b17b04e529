"""One load as the master of several Locust processes sees it: deals it out, and writes the books of all as one.

Runs inside Locust only. A worker that is lost makes the recording an interrupted one.
"""

import sys
import time
from typing import Any

import gevent
from locust import stats
from locust.env import Environment

from scalelab.lab.load.locust_ledger import Ledger
from scalelab.lab.load.locust_options import UserBehaviour
from scalelab.lab.load.locust_outlets import PART_MESSAGE, SHARE_MESSAGE, FileOutlet, PartBooks, Share

_MARGIN_S = 10.0
"""Beyond duration and drain, for the last books."""
_LOOK_EVERY_S = 0.2


class MasterSession:
    """Wires the master's events to a ledger."""

    def __init__(self, environment: Environment, behaviour: UserBehaviour) -> None:
        self._environment = environment
        self._runner: Any = environment.runner
        self._behaviour = behaviour
        self._outlet = FileOutlet(behaviour.recording_dir)
        self._ledger = Ledger(0)
        self._following: Any = None
        self._is_over = False

    def attach(self) -> None:
        """From now on Locust's events drive this session."""
        events: Any = self._environment.events
        events.test_start.add_listener(self._begin)
        events.test_stop.add_listener(self._finish)
        self._runner.register_message(PART_MESSAGE, self._take)
        stats.CSV_STATS_FLUSH_INTERVAL_SEC = stats.CSV_STATS_INTERVAL_SEC

    def _begin(self, **_: object) -> None:
        """Before any user is started, each worker hears its share."""
        workers = sorted(client.id for client in self._runner.clients.ready)
        self._ledger = Ledger(len(workers))
        self._is_over = False
        for part, client_id in enumerate(workers):
            share = Share(part=part, parts=len(workers), behaviour=self._behaviour)
            self._runner.send_message(SHARE_MESSAGE, share.model_dump_json(), client_id)
        self._following = gevent.spawn(self._follow)

    def _follow(self) -> None:
        limit_s = self._behaviour.load_duration_s + float(self._environment.stop_timeout or 0) + _MARGIN_S
        limit_s += time.monotonic()
        written_s = time.monotonic()
        while self._ledger.missing and time.monotonic() < limit_s:
            gevent.sleep(_LOOK_EVERY_S)
            if time.monotonic() - written_s >= 1.0:
                written_s += 1.0
                self._ledger.write(self._outlet)
        gevent.spawn(self._runner.quit)

    def _take(self, msg: Any, **_: object) -> None:
        self._ledger.take(PartBooks.model_validate_json(msg.data))

    def _finish(self, **_: object) -> None:
        if self._is_over or self._following is None:
            return
        self._is_over = True
        self._following.kill()
        if self._ledger.missing:
            print(f"{self._ledger.missing} of the Locust workers never told their end", file=sys.stderr)  # noqa: T201
        self._ledger.write(self._outlet, is_last=True)
        if getattr(self._environment.parsed_options, "csv_prefix", None):
            gevent.sleep(1.5 * stats.CSV_STATS_INTERVAL_SEC)  # Locust's writer has no last round of its own
