"""What a stack tells everybody, so that it is not taken for another one.

The nonce authorises changes and is told to nobody. Pure; the same in every process.
"""

from hashlib import sha256

_CHARACTERS = 32
"""128 bits."""


def stack_identity(nonce: str) -> str:
    """What `/health` says of the stack with this nonce: 32 hexadecimal digits that do not lead back to it."""
    return sha256(b"scalelab stack\0" + nonce.encode()).hexdigest()[:_CHARACTERS]
