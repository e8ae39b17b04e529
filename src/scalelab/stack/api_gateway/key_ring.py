"""The keys of a gateway: one that signs, all that verify, read from one file and read again when it changes."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from scalelab.contracts.signing_keys import FIRST_KEY_NAME, SigningKeyFile, StoredKey
from scalelab.stack.api_gateway.token_keys import (
    SigningKey,
    TokenAlgorithm,
    VerificationKey,
    parse_signing_key,
    public_key_set,
    read_key_file,
)
from scalelab.stack.service_kit.cannot_start import CannotStartError


class KeyRing(Mapping[str, VerificationKey]):
    """Verification keys by their id; `active` signs. A reload replaces all of them in one step, or none."""

    def __init__(self, path: Path, algorithm: TokenAlgorithm) -> None:
        """Reads the file.

        Raises:
            CannotStartError: it cannot be read, or a key in it is of no use. The message holds nothing of a key.
        """
        self._path = path
        self._algorithm = algorithm
        self._listeners: list[Callable[[], None]] = []
        self.active_name = ""
        self.names: tuple[str, ...] = ()
        self.active, self._keys = self._read()

    def __repr__(self) -> str:
        return f"<key ring: {', '.join(self._keys)}; {self.active.verification.kid} signs>"

    def __getitem__(self, kid: str) -> VerificationKey:
        return self._keys[kid]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def tell(self, listener: Callable[[], None]) -> None:
        """`listener` is called when what was verified before has to be verified anew."""
        self._listeners.append(listener)

    def demand_anew(self) -> None:
        """Have everybody who remembers something verified forget it."""
        for listener in self._listeners:
            listener()

    def reload(self) -> None:
        """Read the file again.

        Raises:
            CannotStartError: as at the start; the keys stay as they were.
        """
        active, keys = self._read()
        is_one_gone = any(keys.get(kid) != key for kid, key in self._keys.items())
        self.active, self._keys = active, keys
        if is_one_gone:
            self.demand_anew()

    def public_keys(self, now_s: float) -> dict[str, object]:
        """The key set of RFC 7517: what verifies now."""
        return public_key_set(key for key in self._keys.values() if now_s < key.verify_until_s)

    def _read(self) -> tuple[SigningKey, dict[str, VerificationKey]]:
        content = read_key_file(self._path)
        if not content.lstrip().startswith(b"{"):
            key = StoredKey(name=FIRST_KEY_NAME, private=content.decode("latin-1"))
            return self._taken(SigningKeyFile(active=key.name, keys=(key,)))
        try:
            return self._taken(SigningKeyFile.model_validate_json(content))
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in error.errors())
            raise CannotStartError(f"signing_key_file {self._path} is no set of keys ({faults})") from None

    def _taken(self, document: SigningKeyFile) -> tuple[SigningKey, dict[str, VerificationKey]]:
        keys = {
            stored.name: parse_signing_key(
                self._path,
                stored.private.encode("latin-1", "replace"),
                self._algorithm,
                verify_until_s=stored.verify_until_s,
            )
            for stored in document.keys
        }
        self.active_name, self.names = document.active, tuple(keys)
        return keys[document.active], {key.verification.kid: key.verification for key in keys.values()}
