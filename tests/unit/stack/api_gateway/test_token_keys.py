"""Which keys a gateway starts with, and which stop it."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from scalelab.stack.api_gateway.token_keys import _thumbprint, load_signing_key
from scalelab.stack.service_kit.cannot_start import CannotStartError


def test_two_gateways_name_the_same_key_alike(key_file, secret_file):
    """The id comes from the key alone."""
    for file, algorithm in ((key_file, "EdDSA"), (secret_file, "HS256")):
        first, second = (load_signing_key(file, algorithm).verification for _ in range(2))
        assert first.kid == second.kid
        assert first.algorithm == algorithm


def test_the_id_is_the_thumbprint_of_the_standard():
    """The example key of RFC 8037, appendix A.3."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

    assert _thumbprint(Ed25519PublicKey.from_public_bytes(public)) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    ("content", "algorithm", "reason"),
    [
        (b"no key", "EdDSA", "holds no unencrypted PEM private key"),
        (b"", "EdDSA", "holds no unencrypted PEM private key"),
        (b"ab" * 8, "HS256", "holds 8 bytes; HS256 needs at least 32"),
        (b"ab" * 31, "HS256", "holds 31 bytes; HS256 needs at least 32"),
        (b"not hexadecimal, though long enough for a secret", "HS256", "is not hexadecimal"),
        (b"abc", "HS256", "is not hexadecimal"),
    ],
)
def test_a_useless_key_stops_the_start(tmp_path, content, algorithm, reason):
    """The message names the file and shows nothing of it."""
    file = tmp_path / "key"
    file.write_bytes(content)

    with pytest.raises(CannotStartError, match=reason) as caught:
        load_signing_key(file, algorithm)
    assert str(file) in str(caught.value)


def test_a_key_of_another_kind_stops_the_start(tmp_path):
    """An elliptic-curve key signs no EdDSA."""
    file = tmp_path / "key"
    private = generate_private_key(SECP256R1())
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert load_pem_private_key(file.read_bytes(), None)

    with pytest.raises(CannotStartError, match="holds no Ed25519 key"):
        load_signing_key(file, "EdDSA")


def test_a_file_that_is_not_there_stops_the_start(tmp_path):
    """With its name."""
    with pytest.raises(CannotStartError, match=r"none\.pem cannot be read"):
        load_signing_key(tmp_path / "none.pem", "EdDSA")
