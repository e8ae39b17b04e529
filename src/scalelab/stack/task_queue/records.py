"""How a task's record reads: names of its fields, the view made of them, the fingerprint of a request."""

import hashlib
import json
from collections.abc import Mapping

from scalelab.contracts.long_tasks import LongTaskRequest, LongTaskView

WORKER_LOST = "the worker was lost in the middle of the attempt"
"""Error of an attempt whose lease ran out."""
DEAD_LETTERS_KEPT = 1000
"""The oldest beyond that are forgotten."""


def request_fingerprint(request: LongTaskRequest) -> str:
    """Equal for requests that mean the same, however they were written."""
    return hashlib.sha256(request.model_dump_json().encode()).hexdigest()


def scoped_key(subject: str, name: str) -> str:
    """One name out of a subject and a name of the subject's choice; no two pairs share it."""
    return hashlib.sha256(json.dumps([subject, name]).encode()).hexdigest()


def view_of(record: Mapping[str, str]) -> LongTaskView:
    """The view of a record as stored: every value a string, times in milliseconds."""
    finished_at_ms = record.get("finished_at_ms")
    result = record.get("result")
    return LongTaskView.model_validate(
        {
            "id": record["id"],
            "subject": record.get("subject", ""),
            "state": record["state"],
            "progress": float(record["progress"]),
            "attempts": int(record["attempts"]),
            "result": None if result is None else json.loads(result),
            "error": record.get("error"),
            "submitted_at_s": int(record["submitted_at_ms"]) / 1000,
            "finished_at_s": None if finished_at_ms is None else int(finished_at_ms) / 1000,
        }
    )
