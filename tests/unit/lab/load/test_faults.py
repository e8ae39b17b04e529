"""Whose fault it is."""

import errno
import ssl

import pytest

from scalelab.lab.load.faults import connect_fault, loss_fault


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS])
def test_what_this_machine_lacks_is_the_generators_fault(number):
    """Ports and descriptors used up say nothing about the system (vegeta 583, k6 826)."""
    fault = connect_fault(OSError(number, "whatever"))

    assert fault.is_generator_fault
    assert errno.errorcode[number] in fault.kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused"),
        (OSError(errno.ENETUNREACH, "x"), "no connection: network unreachable"),
        (OSError(errno.EPERM, "x"), "no connection: EPERM"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "TLS failed: no reason given"),
        (RuntimeError("x"), "no connection: RuntimeError"),
    ],
)
def test_what_the_system_lacks_is_its_own(error, kind):
    """Few kinds, without addresses in them, so that they can be counted."""
    fault = connect_fault(error)

    assert fault == (kind, False)


def test_a_loss_says_how_far_the_answer_had_come():
    """Nothing, or half of it."""
    assert loss_fault(None, has_any_byte=False).kind == "closed without an answer"
    assert loss_fault(None, has_any_byte=True).kind == "closed in the middle of an answer"
    assert loss_fault(BrokenPipeError(), has_any_byte=False).kind == "connection reset"
