"""Fetches ranges of records from the database service, and believes none that is torn."""

from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic import ValidationError

from scalelab.contracts.records import RECORDS_PATH, Record, RecordRange
from scalelab.stack.upstream import UpstreamClient, UpstreamFault

_OK = 200


@dataclass(frozen=True)
class SourceFault:
    """No records, and why, in a sentence for the task's owner."""

    detail: str


class RecordSource:
    """The database service as the worker sees it."""

    def __init__(self, client: UpstreamClient) -> None:
        self._client = client

    async def fetch(self, first_key: int, count: int) -> tuple[Record, ...] | SourceFault:
        """The records from `first_key` on, `count` at most; fewer at the end of the data."""
        query = urlencode({"first_key": first_key, "count": count})
        answer = await self._client.request("GET", f"{RECORDS_PATH}?{query}")
        if isinstance(answer, UpstreamFault):
            return SourceFault(f"database service: {answer.kind}")
        if answer.status != _OK:
            return SourceFault(f"database service: status {answer.status}")
        try:
            records = RecordRange.model_validate_json(answer.body).records
        except ValidationError:
            return SourceFault("database service: answer not understood")
        torn = [record.key for record in records if not record.is_whole()]
        return SourceFault(f"database service: record {torn[0]} is torn") if torn else records
