"""Who may command a worker."""

import pytest

from scalelab.lab.load.workers.trust import SecretFileError, is_proven, make_certificate, proof_of, read_shared_secret

SECRET = "0123456789abcdef0123456789abcdef"


def secret_file(tmp_path, text=SECRET, mode=0o600):
    file = tmp_path / "secret"
    file.write_text(text + "\n")
    file.chmod(mode)
    return file


def test_a_secret_is_read_from_a_file_of_its_owner(tmp_path):
    """Without the line's end."""
    assert read_shared_secret(secret_file(tmp_path)) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    """With what to type."""
    file = secret_file(tmp_path, mode=mode)

    with pytest.raises(SecretFileError, match=f"chmod 600 {file}"):
        read_shared_secret(file)


def test_a_short_secret_could_be_guessed(tmp_path):
    """With how to make one."""
    with pytest.raises(SecretFileError, match="has 5 characters, at least 32 are needed: openssl rand"):
        read_shared_secret(secret_file(tmp_path, "short"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    """With the reason."""
    with pytest.raises(SecretFileError, match=r"cannot read the secret .*absent: No such file"):
        read_shared_secret(tmp_path / "absent")


def test_a_proof_holds_for_its_role_its_nonce_and_its_connection_alone():
    """It cannot be sent back to whoever gave it, nor be used again, nor passed on."""
    proof = proof_of(SECRET, "coordinator", "nonce", b"certificate")

    assert is_proven(proof, SECRET, "coordinator", "nonce", b"certificate")
    assert not is_proven(proof, SECRET, "worker", "nonce", b"certificate")
    assert not is_proven(proof, SECRET, "coordinator", "another", b"certificate")
    assert not is_proven(proof, SECRET, "coordinator", "nonce", b"another's")
    assert not is_proven(proof, "", "coordinator", "nonce", b"certificate")
    assert SECRET not in proof


def test_each_worker_has_a_certificate_of_its_own():
    """Of 32 bytes of SHA-256."""
    first, second = make_certificate(), make_certificate()

    assert len(first.fingerprint) == 32
    assert first.fingerprint != second.fingerprint
