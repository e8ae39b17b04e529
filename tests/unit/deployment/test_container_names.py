"""Which instance a container is, from the engine's own name for its address."""

import struct

import pytest

from scalelab.deployment.container_names import instance_name, pointer_answer, pointer_query

HEADER = struct.Struct("!HHHHHH")
NAME = "lab-api_gateway-2.lab_stack"


def labels(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def answer_to(query, *records, number=None):
    head = HEADER.pack(HEADER.unpack_from(query)[0] if number is None else number, 0x8180, 1, len(records), 0, 0)
    return head + query[HEADER.size :] + b"".join(records)


def record(kind, data, owner=b"\xc0\x0c"):
    return owner + struct.pack("!HHIH", kind, 1, 600, len(data)) + data


@pytest.mark.parametrize(
    ("name", "instance"),
    [
        ("lab-api_gateway-2.lab_stack", "api_gateway-2"),
        ("lab_api_gateway.3.x7kq0.lab_stack", "api_gateway-3"),
        ("api_gateway-12", "api_gateway-12"),
        ("", "api_gateway-1029"),
        ("8f3c2b7a9d10", "api_gateway-1029"),
        ("lab-worker-2.lab_stack", "api_gateway-1029"),
    ],
)
def test_the_number_comes_from_the_name_else_from_the_address(name, instance):
    """Compose and Swarm number what they start; where nobody does, the address tells instances apart."""
    assert instance_name("api_gateway", name, "172.18.4.5") == instance


def test_the_question_is_that_of_rfc_1035():
    """172.18.0.5 is asked for as 5.0.18.172.in-addr.arpa, type PTR, class IN."""
    assert pointer_query("172.18.0.5", 0x1234) == (
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        b"\x015\x010\x0218\x03172\x07in-addr\x04arpa\x00\x00\x0c\x00\x01"
    )


def test_the_first_pointer_is_the_name():
    """Other records before it are skipped."""
    query = pointer_query("172.18.0.5", 7)

    message = answer_to(query, record(1, b"\x7f\0\0\1"), record(12, labels(NAME)))

    assert pointer_answer(message, query) == NAME


def test_a_name_may_end_in_a_pointer_to_another():
    """RFC 1035, 4.1.4: `lab-x-1` and then what stands in the question."""
    query = pointer_query("172.18.0.5", 7)
    at_arpa = HEADER.size + query[HEADER.size :].index(b"\x04arpa")

    message = answer_to(query, record(12, b"\x07lab-x-1" + struct.pack("!H", 0xC000 | at_arpa)))

    assert pointer_answer(message, query) == "lab-x-1.arpa"


def test_no_record_is_no_name():
    """NXDOMAIN."""
    query = pointer_query("172.18.0.5", 7)

    assert pointer_answer(answer_to(query), query) == ""


@pytest.mark.parametrize("length", [0, 5, 12, 40, 48])
def test_a_torn_answer_is_refused(length):
    """Wherever it ends."""
    query = pointer_query("172.18.0.5", 7)
    whole = answer_to(query, record(12, labels(NAME)))

    with pytest.raises(ValueError, match="torn"):
        pointer_answer(whole[:length], query)


def test_an_answer_to_another_question_is_refused():
    """Its number differs."""
    query = pointer_query("172.18.0.5", 7)

    with pytest.raises(ValueError, match="another question"):
        pointer_answer(answer_to(query, number=8), query)


def test_pointers_in_a_circle_end():
    """A pointer to itself."""
    query = pointer_query("172.18.0.5", 7)
    own = len(query) + 12

    with pytest.raises(ValueError, match="pointer to a pointer"):
        pointer_answer(answer_to(query, record(12, struct.pack("!H", 0xC000 | own))), query)
