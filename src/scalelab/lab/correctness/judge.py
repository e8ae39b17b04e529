"""Judges the answers of the laboratory's own routes against what they prove and what the load knows. Pure.

One for each generator process; what another process wrote is unknown to it, which hides faults but invents none.
"""

from scalelab.contracts.long_tasks import LongTaskView
from scalelab.contracts.processing import ProcessView
from scalelab.lab.correctness.acknowledged import AcknowledgedTask
from scalelab.lab.correctness.proofs import Defect, Headers, age_defect, process_defect, record_defect, version_of
from scalelab.lab.correctness.truth import AcknowledgedVersions, Submissions


class AnswerJudge:
    """Times are seconds of one monotonic clock."""

    def __init__(self, longest_age_s: float) -> None:
        """`longest_age_s`: the longest time to live plus stale window that the system is set to."""
        self._longest_age_s = longest_age_s
        self._versions = AcknowledgedVersions()
        self._submissions = Submissions()
        self._acknowledged: list[AcknowledgedTask] = []

    def take_acknowledged(self) -> tuple[AcknowledgedTask, ...]:
        """Tasks acknowledged since the last call, each once: what must come to its end. They are not kept."""
        taken, self._acknowledged = tuple(self._acknowledged), []
        return taken

    def of_data(self, key: int, asked_s: float, headers: Headers, body: bytes) -> Defect:
        """A read of a record, sent at `asked_s`."""
        defect = record_defect(key, body) or age_defect(headers, self._longest_age_s)
        if defect:
            return defect
        least = self._versions.least_version(key, asked_s)
        return "stale" if least and (version_of(body) or 0) < least else ""

    def of_process(self, key: int, asked_s: float, headers: Headers, body: bytes) -> Defect:
        """A result made from the record and those after it, asked for at `asked_s`."""
        defect = process_defect(key, body) or age_defect(headers, self._longest_age_s)
        if defect or not self._versions:  # what nobody wrote needs no second look
            return defect
        versions = ProcessView.model_validate_json(body).versions
        is_old = any(
            version < self._versions.least_version(key + place, asked_s) for place, version in enumerate(versions)
        )
        return "stale" if is_old else ""

    def of_write(self, key: int, value: str, answered_s: float, body: bytes) -> Defect:
        """The answer to a `PUT`, at `answered_s`: the record as it is now, which every later read must know."""
        defect = record_defect(key, body)
        if defect:
            return defect
        if f'"{value}"'.encode() not in body:
            return "foreign"  # somebody else's write in our answer
        self._versions.note(key, version_of(body) or 0, answered_s)
        return ""

    def of_submission(self, name: str, subject: str, body: bytes) -> Defect:
        """The answer to a task handed in under the idempotency key `name` by `subject`.

        How often it was executed is not seen here (see `task_defects`): a failed attempt is rightly followed by one
        more.
        """
        try:
            view = LongTaskView.model_validate_json(body)
        except ValueError:
            return "malformed"
        if view.subject != subject:
            return "foreign"
        first_id = self._submissions.first_id(subject, name, view.id)
        if not first_id:
            task = AcknowledgedTask(id=view.id, subject=subject, submitted_at_s=view.submitted_at_s)
            self._acknowledged.append(task)
        return "done twice" if first_id not in {"", view.id} else ""
