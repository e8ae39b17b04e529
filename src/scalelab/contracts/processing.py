"""What the microservice answers, and how anybody can check it."""

from hashlib import blake2b
from typing import Annotated

from pydantic import Field

from scalelab.contracts.model import Contract

PROCESSED_RECORDS = 8
"""Records that one answer is computed from: the key's own and those after it, as far as there are any."""
_PROOF_BYTES = 16


class TextStatistics(Contract):
    """What the values of the records add up to."""

    characters: int
    words: int
    distinct_words: int
    longest_word: str
    entropy_bits: float
    """Shannon entropy of the characters, in bits for each, rounded to six digits."""


class ProcessView(Contract):
    """Answer of `GET /process?key=K`. The same records give the same answer."""

    key: Annotated[int, Field(ge=1)]
    versions: Annotated[tuple[int, ...], Field(min_length=1, max_length=PROCESSED_RECORDS)]
    """Version of each record that went in, in the order of the keys from `key` on."""
    result: TextStatistics
    digest: str
    """End of a chain of digests over the values, in hexadecimal."""
    proof: str
    """See `process_proof`."""

    def is_whole(self) -> bool:
        """Whether the proof fits the rest."""
        return self.proof == process_proof(self.key, self.versions, self.result, self.digest)


def process_proof(key: int, versions: tuple[int, ...], result: TextStatistics, digest: str) -> str:
    """The checksum of a result: 32 hexadecimal digits over everything else in the answer."""
    text = f"{key}:{','.join(map(str, versions))}:{digest}:{result.model_dump_json()}"
    return blake2b(text.encode(), digest_size=_PROOF_BYTES).hexdigest()
