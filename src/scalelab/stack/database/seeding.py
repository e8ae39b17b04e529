"""The records that a database starts with: pure, the same for the same seed. Stores nothing itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import shake_256

from scalelab.contracts.records import record_checksum

VALUE_CHARACTERS = 300
_ALPHABET = b"abcdefghijklmnopqrstuvwxyz     "  # five blanks: words of about five letters
_LETTER_OF_BYTE = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))

RecordRow = tuple[int, int, str, str]
"""Key, version, value, checksum."""


@dataclass(frozen=True)
class Seeding:
    """Which records a database starts with: keys 1 to `count`, contents drawn from `seed`."""

    seed: int
    count: int

    def rows(self) -> Iterator[RecordRow]:
        """The records in the order of their keys, each of version 1."""
        for key in range(1, self.count + 1):
            value = seeded_value(self.seed, key)
            yield key, 1, value, record_checksum(key, 1, value)


def seeded_value(seed: int, key: int) -> str:
    """The first value of a record: 300 characters of words that no compressor or cache can guess."""
    drawn = shake_256(f"{seed}:{key}".encode()).digest(VALUE_CHARACTERS)
    return drawn.translate(_LETTER_OF_BYTE).decode("ascii")
