"""Counts of whole microseconds as HdrHistogram lays them out, in its compressed encoding ("V2"): its tools read it.

The layout is fixed: from 1 microsecond to an hour, three digits. Steps double with each power of two, 1024 in each.
Source of layout and encoding: https://github.com/HdrHistogram/HdrHistogram. Knows no files.
"""

import base64
import binascii
import struct
import zlib
from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOWEST_US = 1
HIGHEST_US = 3_600_000_000
"""One hour."""
DIGITS = 3
_PRECISION_BITS = 11
"""2048 steps for each power of two: 0.1 % at worst, as three digits of HdrHistogram."""
_HALF_BITS = _PRECISION_BITS - 1
_COMPRESSED, _PLAIN = 0x1C849314, 0x1C849313
"""What a compressed histogram begins with, and what an uncompressed one does."""
_OUTER = struct.Struct(">II")
_INNER = struct.Struct(">IIIIQQd")
_WHOLE_BYTES = 9
"""Most bytes of a number; the last of so many holds eight bits, every other seven."""


class TornHistogramError(ValueError):
    """Raised when a text is no encoded histogram of this layout."""


def bucket_of(value_us: int) -> int:
    """Where a value is counted."""
    shift = value_us.bit_length() - _PRECISION_BITS
    return (shift << _HALF_BITS) + (value_us >> shift) if shift > 0 else value_us


def lowest_us_of(bucket: int) -> int:
    """The smallest value that is counted there."""
    shift = (bucket >> _HALF_BITS) - 1
    return (bucket - (shift << _HALF_BITS)) << shift if shift > 0 else bucket


def highest_us_of(bucket: int) -> int:
    """The largest value that is counted there."""
    return lowest_us_of(bucket + 1) - 1


BUCKETS = bucket_of(HIGHEST_US) + 1


class HdrHistogram:
    """Values in whole microseconds, each to a thousandth; count, and sums of counts, are exact."""

    __slots__ = ("_counts", "count")

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * BUCKETS))
        self.count = 0

    @property
    def counts(self) -> NDArray[Any]:
        """How many values each bucket has; shape (`BUCKETS`,). A view: who writes to it keeps `count` right, too."""
        return np.frombuffer(self._counts, dtype=np.uint64)

    @property
    def min_us(self) -> int:
        """The smallest value, to a thousandth; 0 when there is none."""
        used = self._used()
        return lowest_us_of(int(used[0])) if used.size else 0

    @property
    def max_us(self) -> int:
        """The largest value, to a thousandth; 0 when there is none."""
        used = self._used()
        return highest_us_of(int(used[-1])) if used.size else 0

    @property
    def mean_us(self) -> float:
        """As if each value stood in the middle of its bucket; 0 when there is none."""
        if not self.count:
            return 0.0
        used = self._used()
        pairs = zip(used.tolist(), self.counts[used].tolist(), strict=True)
        return float(sum(count * _middle_us_of(bucket) for bucket, count in pairs)) / self.count

    def record(self, value_us: int, count: int = 1) -> bool:
        """Enter a value, so many times; False when it is out of range and was not entered."""
        if not 0 <= value_us <= HIGHEST_US:
            return False
        shift = value_us.bit_length() - 11  # the body of `bucket_of`, because a load driver calls this
        self._counts[(shift << 10) + (value_us >> shift) if shift > 0 else value_us] += count
        self.count += count
        return True

    def percentile_us(self, percent: float) -> int:
        """The largest value that may stand at that percentile (0 to 100); 0 when there is none."""
        if not self.count:
            return 0
        rank = max(1, int(min(percent, 100.0) * self.count / 100 + 0.5))
        bucket = int(np.searchsorted(np.cumsum(self.counts), rank))
        return highest_us_of(bucket) if percent else lowest_us_of(bucket)

    def add(self, other: "HdrHistogram") -> None:
        """Merge another one into this one."""
        counts = self.counts
        counts += other.counts
        self.count += other.count

    def encode(self) -> str:
        """Text that `decoded`, and HdrHistogram's own tools, read."""
        numbers = _numbers(self.counts)
        inner = _INNER.pack(_PLAIN, len(numbers), 0, DIGITS, LOWEST_US, HIGHEST_US, 1.0)
        packed = zlib.compress(inner + numbers)
        return base64.b64encode(_OUTER.pack(_COMPRESSED, len(packed)) + packed).decode("ascii")

    def decode_and_add(self, text: str) -> None:
        """Merge an encoded one into this one. Raises as `decoded`, and is then as it was."""
        self.add(decoded(text))

    def _used(self) -> NDArray[Any]:
        return np.nonzero(self.counts)[0]


def decoded(text: str) -> HdrHistogram:
    """The histogram that was encoded.

    Raises:
        TornHistogramError: no such text, or one of another layout (lowest value, digits, values above an hour).
    """
    try:
        plain = _unpacked(base64.b64decode(text, validate=True))
        cookie, length, _, digits, lowest_us, _, _ = _INNER.unpack_from(plain)
    except (binascii.Error, struct.error, zlib.error, ValueError) as error:
        raise TornHistogramError(f"no encoded histogram ({error}): {text[:20]!r}...") from error
    if (cookie, digits, lowest_us) != (_PLAIN, DIGITS, LOWEST_US) or len(plain) != _INNER.size + length:
        raise TornHistogramError(f"no histogram from {LOWEST_US} us with {DIGITS} digits: {text[:20]!r}...")
    histogram = HdrHistogram()
    _fill(histogram.counts, plain[_INNER.size :])
    histogram.count = int(histogram.counts.sum())
    return histogram


def _middle_us_of(bucket: int) -> int:
    lowest_us = lowest_us_of(bucket)
    return lowest_us + ((lowest_us_of(bucket + 1) - lowest_us) >> 1)


def _unpacked(packed: bytes) -> bytes:
    cookie, length = _OUTER.unpack_from(packed)
    if cookie != _COMPRESSED or length != len(packed) - _OUTER.size:
        raise TornHistogramError("another head, or another length than it says")
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(packed[_OUTER.size :], _INNER.size + _WHOLE_BYTES * BUCKETS)
    if not unpacker.eof:
        raise TornHistogramError("it is cut off, or too long")
    return plain


def _numbers(counts: NDArray[Any]) -> bytes:
    """Counts in order, up to the last that is not zero; zeros in a row are one negative number."""
    out = bytearray()
    following = 0
    used = np.nonzero(counts)[0]
    for bucket, count in zip(used.tolist(), counts[used].tolist(), strict=True):
        zeros = bucket - following
        if zeros:
            _put(out, 2 * zeros - 1)
        _put(out, 2 * count)
        following = bucket + 1
    return bytes(out)


def _put(out: bytearray, number: int) -> None:
    """Seven bits a byte, least first; the highest bit says that more follow."""
    for _ in range(_WHOLE_BYTES - 1):
        if number < 0x80:  # noqa: PLR2004
            break
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _fill(counts: NDArray[Any], data: bytes) -> None:
    bucket, number, taken = 0, 0, 0
    for byte in data:
        is_last = taken == _WHOLE_BYTES - 1 or byte < 0x80  # noqa: PLR2004
        number |= (byte if is_last else byte & 0x7F) << 7 * taken
        taken += 1
        if not is_last:
            continue
        zeros = (number + 1) // 2 if number & 1 else 0
        if bucket + max(zeros, 1) > BUCKETS:
            raise TornHistogramError("a value is above an hour")
        if not zeros:
            counts[bucket] = number >> 1
        bucket += max(zeros, 1)
        number, taken = 0, 0
    if taken:
        raise TornHistogramError("its last number is cut off")
