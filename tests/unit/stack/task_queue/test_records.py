"""How records read."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.long_tasks import LongTaskRequest, LongTaskView
from scalelab.stack.task_queue.records import request_fingerprint, scoped_key, view_of


def test_a_record_reads_as_a_view():
    """Strings and milliseconds become numbers and seconds."""
    record = {
        "id": "1",
        "subject": "alice",
        "state": "succeeded",
        "progress": "1",
        "attempts": "2",
        "result": '{"n": 1}',
        "submitted_at_ms": "1500",
        "finished_at_ms": "2750",
        "owner": "not shown",
    }

    assert view_of(record) == LongTaskView(
        id="1",
        subject="alice",
        state="succeeded",
        progress=1,
        attempts=2,
        result={"n": 1},
        submitted_at_s=1.5,
        finished_at_s=2.75,
    )


def test_requests_that_mean_the_same_have_one_fingerprint():
    """Defaults spelled out or not."""
    assert request_fingerprint(LongTaskRequest()) == request_fingerprint(LongTaskRequest(duration_s=5, count=100))
    assert request_fingerprint(LongTaskRequest()) != request_fingerprint(LongTaskRequest(count=101))


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_no_two_pairs_share_a_name(first, second):
    """Wherever the border between subject and key is put."""
    assert (scoped_key(*first) == scoped_key(*second)) == (first == second)
