"""What a user of the laboratory does on each route: the request, and how its answer is judged. Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random

from scalelab.contracts.http_names import DATA_PATH, LONGTASK_PATH, PROCESS_PATH
from scalelab.lab.correctness.judge import AnswerJudge
from scalelab.lab.correctness.proofs import Defect, Headers

WRITE_ROUTE = f"PUT {DATA_PATH}"
TASK_ROUTE = f"POST {LONGTASK_PATH}"
ROUTES = (DATA_PATH, PROCESS_PATH, WRITE_ROUTE, TASK_ROUTE)
TASK_DURATION_S = 0.05
_TASK_RECORDS = 10
_REPEATED_SHARE = 0.25
"""Of the tasks: handed in once more under their old name, as a client does that heard no answer."""
_JSON = {"Content-Type": "application/json"}

Judged = Callable[[float, float, Headers, bytes], Defect]
"""From the moments of asking and of the answer, its fields and body, to what is wrong with it."""


@dataclass(frozen=True)
class Act:
    """One request."""

    method: str
    path: str
    judge: Judged = field(repr=False)
    status: HTTPStatus = HTTPStatus.OK
    """Of a good answer."""
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


class Acts:
    """Makes them for all users of one process."""

    def __init__(self, judge: AnswerJudge, draws: Random) -> None:
        self._judge = judge
        self._draws = draws
        self._number = 0
        self._tasks: dict[str, str] = {}
        """Subject -> its newest task's name."""
        self.tasks_handed_in = 0
        """By their names: what is sent again is no further task."""
        self._mark = f"{draws.getrandbits(64):016x}"

    def act(self, route: str, key: int, subject: str) -> Act:
        """What `subject` does on one of `ROUTES`."""
        judge = self._judge
        if route == WRITE_ROUTE:
            return self._write(key)
        if route == TASK_ROUTE:
            return self._task(subject)
        if route == PROCESS_PATH:
            return Act(
                "GET", f"{route}?key={key}", lambda asked_s, _now_s, *parts: judge.of_process(key, asked_s, *parts)
            )
        return Act("GET", f"{route}?key={key}", lambda asked_s, _now_s, *parts: judge.of_data(key, asked_s, *parts))

    def _write(self, key: int) -> Act:
        self._number += 1
        value = f"written {self._mark} {self._number}"
        return Act(
            "PUT",
            f"{DATA_PATH}?key={key}",
            lambda _asked_s, now_s, _headers, body: self._judge.of_write(key, value, now_s, body),
            headers=_JSON,
            body=json.dumps({"value": value}),
        )

    def _task(self, subject: str) -> Act:
        name = self._tasks.get(subject, "")
        if not name or self._draws.random() >= _REPEATED_SHARE:
            self._number += 1
            self.tasks_handed_in += 1
            name = self._tasks[subject] = f"{self._mark}-{self._number}"
        return Act(
            "POST",
            LONGTASK_PATH,
            lambda _asked_s, _now_s, _headers, body: self._judge.of_submission(name, subject, body),
            HTTPStatus.ACCEPTED,
            {**_JSON, "Idempotency-Key": name},
            json.dumps({"duration_s": TASK_DURATION_S, "count": _TASK_RECORDS}),
        )
