"""Fetches records from the database service in one call and checks them; what went wrong is a value."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from pydantic import ValidationError

from scalelab.contracts.records import RECORDS_PATH, Record, RecordRange
from scalelab.stack.upstream import UpstreamAnswer, UpstreamClient, UpstreamFault, UpstreamFaultKind


@dataclass(frozen=True)
class RecordsMissing:
    """No usable records: the status that our own client gets, and why."""

    status: HTTPStatus
    detail: str
    headers: dict[str, str] = field(default_factory=dict)


_STATUS_OF_FAULT: dict[UpstreamFaultKind, HTTPStatus] = {
    "unreachable": HTTPStatus.SERVICE_UNAVAILABLE,
    "timeout": HTTPStatus.GATEWAY_TIMEOUT,
    "deadline": HTTPStatus.GATEWAY_TIMEOUT,
    "broken": HTTPStatus.BAD_GATEWAY,
    "untrusted": HTTPStatus.BAD_GATEWAY,
    "left_alone": HTTPStatus.SERVICE_UNAVAILABLE,
}


async def fetch_records(database: UpstreamClient, first_key: int, count: int) -> Sequence[Record] | RecordsMissing:
    """The record `first_key` and those after it, at most `count`, each with a checksum that fits."""
    answer = await database.request("GET", f"{RECORDS_PATH}?first_key={first_key}&count={count}")
    if isinstance(answer, UpstreamFault):
        status = _STATUS_OF_FAULT[answer.kind]
        waits = {"Retry-After": "1"} if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
        return RecordsMissing(status, f"database service: {answer.kind}", waits)
    return read_answer(answer, first_key, count)


def read_answer(answer: UpstreamAnswer, first_key: int, count: int) -> Sequence[Record] | RecordsMissing:
    """The records of a whole answer. Pure."""
    if answer.status == HTTPStatus.NOT_FOUND:
        return _unknown(first_key)
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        waits = {name: value for name, value in answer.headers if name.lower() == "retry-after"}
        return RecordsMissing(HTTPStatus.SERVICE_UNAVAILABLE, "the database service is not available", waits)
    if answer.status != HTTPStatus.OK:
        return RecordsMissing(HTTPStatus.BAD_GATEWAY, f"database service: unexpected status {answer.status}")
    try:
        records = RecordRange.model_validate_json(answer.body).records
    except ValidationError:
        return RecordsMissing(HTTPStatus.BAD_GATEWAY, "database service: not a range of records")
    return _checked(records, first_key, count)


def _checked(records: Sequence[Record], first_key: int, count: int) -> Sequence[Record] | RecordsMissing:
    torn = [record.key for record in records if not record.is_whole()]
    if torn:
        return RecordsMissing(HTTPStatus.BAD_GATEWAY, f"database service: record {torn[0]} is torn")
    keys = [record.key for record in records]
    if len(keys) > count or keys != sorted(set(keys)):
        return RecordsMissing(HTTPStatus.BAD_GATEWAY, "database service: not the range that was asked for")
    if not records or records[0].key != first_key:
        return _unknown(first_key)
    return records


def _unknown(key: int) -> RecordsMissing:
    return RecordsMissing(HTTPStatus.NOT_FOUND, f"there is no record {key}")
