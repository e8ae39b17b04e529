"""The name that is told to everybody."""

from scalelab.contracts.stack_identity import stack_identity


def test_an_identity_is_the_nonces_own_and_does_not_hold_it():
    """The same each time, another for another nonce."""
    assert stack_identity("nonce") == stack_identity("nonce") != stack_identity("nonce2")
    assert len(stack_identity("nonce")) == 32
    assert "nonce" not in stack_identity("nonce")
