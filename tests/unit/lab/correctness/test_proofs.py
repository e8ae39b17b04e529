"""What an answer proves of itself."""

import base64
import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.processing import ProcessView, TextStatistics, process_proof
from scalelab.contracts.records import Record, record_checksum
from scalelab.lab.correctness.proofs import (
    age_defect,
    check_for,
    digest_defect,
    process_defect,
    record_defect,
    version_of,
)


def record(key=7, version=3, value="abc"):
    checksum = record_checksum(key, version, value)
    return Record(key=key, version=version, value=value, checksum=checksum).model_dump_json().encode()


def result(key=7, versions=(1, 2)):
    statistics = TextStatistics(characters=3, words=1, distinct_words=1, longest_word="abc", entropy_bits=1.5)
    proof = process_proof(key, versions, statistics, "d1")
    view = ProcessView(key=key, versions=versions, result=statistics, digest="d1", proof=proof)
    return view.model_dump_json().encode()


def digest(body):
    return {b"content-digest": b"sha-256=:" + base64.b64encode(sha256(body).digest()) + b":"}


@pytest.mark.parametrize(
    ("headers", "body", "defect"),
    [
        (digest(b"whole"), b"whole", ""),
        (digest(b"whole"), b"whol", "torn"),
        (digest(b""), b"", ""),
        ({b"content-digest": b"sha-512=:AA==:, " + digest(b"x")[b"content-digest"]}, b"x", ""),
        ({}, b"whole", "malformed"),
        ({b"content-digest": b"sha-256=:@@:"}, b"whole", "malformed"),
        ({b"content-digest": b"sha-256=:AAA:"}, b"whole", "malformed"),
        ({b"content-digest": b"sha-512=:AA==:"}, b"whole", "malformed"),
    ],
)
def test_a_body_is_held_against_its_digest(headers, body, defect):
    """RFC 9530: a digest of another algorithm alone proves nothing here."""
    assert digest_defect(headers, body) == defect


@pytest.mark.parametrize(
    ("body", "defect"),
    [
        (record(), ""),
        (record(key=8), "foreign"),
        (record().replace(b"abc", b"abd"), "torn"),
        (record().replace(b'"version":3', b'"version":4'), "torn"),
        (record().replace(b'"key":7', b'"key":8'), "torn"),
        (record()[:-5], "malformed"),
        (b"[]", "malformed"),
        (b'{"key": 7}', "malformed"),
        (b"<html>", "malformed"),
        (b"", "malformed"),
        (b"\xff\xfe", "malformed"),
    ],
)
def test_a_record_is_whole_and_the_one_asked_for(body, defect):
    """Torn is what does not fit together, foreign what fits but answers another question."""
    assert record_defect(7, body) == defect


@pytest.mark.parametrize(
    ("body", "defect"),
    [
        (result(), ""),
        (result(key=8), "foreign"),
        (result().replace(b'"digest":"d1"', b'"digest":"d2"'), "torn"),
        (result().replace(b"[1,2]", b"[1,3]"), "torn"),
        (record(), "malformed"),
    ],
)
def test_a_result_is_whole_and_the_one_asked_for(body, defect):
    """The proof covers key, versions, statistics and digest."""
    assert process_defect(7, body) == defect


@pytest.mark.parametrize(
    ("age", "defect"),
    [
        (None, ""),
        (b"0", ""),
        (b"61", ""),
        (b"62", "stale"),
        (b"-1", "malformed"),
        (b"x", "malformed"),
        (b"9" * 5000, "malformed"),
    ],
)
def test_an_answer_may_be_as_old_as_the_cache_allows(age, defect):
    """60 s, and one for rounding."""
    assert age_defect({} if age is None else {b"age": age}, 60.0) == defect


@pytest.mark.parametrize(("kind", "body"), [("record", record()), ("process", result())])
def test_a_check_knows_how_old_an_answer_may_be(kind, body):
    """Only where it was told."""
    old = {b"age": b"90"}

    assert check_for(kind, 7, 60.0)(old, body) == "stale"
    assert check_for(kind, 7)(old, body) == check_for(kind, 7, 60.0)({}, body) == ""


@given(st.binary(max_size=80))
def test_no_bytes_make_a_check_fail_itself(body):
    """Whatever comes, it is judged."""
    assert all(
        check_for(kind, 7)({b"content-digest": body}, body) in {"malformed", "torn"}
        for kind in ("content-digest", "record", "process")
    )
    assert version_of(body) is None or isinstance(version_of(body), int)


def test_the_version_is_read():
    """Of a record; there is none in anything else."""
    assert (version_of(record()), version_of(json.dumps({"version": "x"}).encode())) == (3, None)
