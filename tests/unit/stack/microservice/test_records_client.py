"""What the database service answered becomes records, or the status that our own client gets."""

import pytest

from scalelab.contracts.records import RecordRange
from scalelab.stack.microservice.records_client import RecordsMissing, read_answer
from scalelab.stack.upstream import UpstreamAnswer


def _range(*records):
    return UpstreamAnswer(200, (), RecordRange(records=records).model_dump_json().encode())


def test_whole_records_are_passed_on(make_record):
    """Fewer than asked for, near the end of the table, are all right."""
    records = (make_record(5), make_record(6))

    assert read_answer(_range(*records), first_key=5, count=8) == records


@pytest.mark.parametrize("keys", [[], [6, 7]])
def test_a_range_that_begins_elsewhere_means_that_the_record_does_not_exist(make_record, keys):
    """404, with the key."""
    missing = read_answer(_range(*map(make_record, keys)), first_key=5, count=8)

    assert missing == RecordsMissing(404, "there is no record 5")


@pytest.mark.parametrize("change", [{"value": "other"}, {"version": 2}, {"key": 6}, {"checksum": "00"}])
def test_a_torn_record_is_a_bad_gateway(make_record, change):
    """Whatever does not fit the checksum: 502."""
    torn = make_record(5).model_copy(update=change)

    missing = read_answer(_range(torn), first_key=5, count=8)

    assert isinstance(missing, RecordsMissing)
    assert (missing.status, "torn" in missing.detail) == (502, True)


@pytest.mark.parametrize("keys", [[5, 5], [5, 7, 6], [5, 6, 7]])
def test_a_range_that_was_not_asked_for_is_a_bad_gateway(make_record, keys):
    """Doubled, out of order or more than two: 502."""
    missing = read_answer(_range(*map(make_record, keys)), first_key=5, count=2)

    assert isinstance(missing, RecordsMissing)
    assert missing.status == 502


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"records": [{"key": 5}]}', b"\xff"])
def test_a_body_of_another_kind_is_a_bad_gateway(body):
    """200 with anything else: 502."""
    missing = read_answer(UpstreamAnswer(200, (), body), first_key=5, count=8)

    assert isinstance(missing, RecordsMissing)
    assert missing.status == 502


@pytest.mark.parametrize(
    ("status", "passed_on"), [(404, 404), (503, 503), (500, 502), (400, 502), (302, 502), (204, 502), (429, 502)]
)
def test_which_status_is_passed_on(status, passed_on):
    """404 and 503 mean the same to our client; any other is a fault between us and the database."""
    missing = read_answer(UpstreamAnswer(status, (), b""), first_key=5, count=8)

    assert isinstance(missing, RecordsMissing)
    assert missing.status == passed_on


def test_the_wait_is_passed_on_with_503():
    """Retry-After goes through, other headers do not."""
    answer = UpstreamAnswer(503, (("retry-after", "7"), ("X-Inner", "1")), b"")

    missing = read_answer(answer, first_key=5, count=8)

    assert isinstance(missing, RecordsMissing)
    assert missing.headers == {"retry-after": "7"}
