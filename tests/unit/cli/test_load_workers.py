"""Options that name load workers."""

import pytest

from scalelab.cli.errors import CommandError
from scalelab.cli.load_workers import processes_of, workers_of


@pytest.fixture
def secret_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("a-secret-that-is-known-to-two-of-us-only\n")
    file.chmod(0o600)
    return file


def test_workers_are_addresses_and_a_secret(secret_file):
    """None of both: this machine makes the load."""
    workers = workers_of("a:1,b:2", secret_file)

    assert [str(address) for address in workers.addresses] == ["a:1", "b:2"]
    assert workers.secret == "a-secret-that-is-known-to-two-of-us-only"
    assert workers_of("a:1", None).secret == ""
    assert workers_of(None, None) is None


def test_processes_are_counted_by_machine():
    """Without workers there is this one."""
    assert processes_of(workers_of("a:1,b:2,c:3", None), 2) == 6
    assert processes_of(None, 2) == 2


def test_a_secret_without_workers_is_refused(secret_file):
    """It would be ignored in silence."""
    with pytest.raises(CommandError, match="give --workers HOST:PORT, too"):
        workers_of(None, secret_file)


def test_faults_name_the_option_or_the_file(secret_file):
    """And say what to do."""
    with pytest.raises(CommandError, match="--workers 'nonsense' is no address"):
        workers_of("a:1,nonsense", None)
    secret_file.chmod(0o644)
    with pytest.raises(CommandError, match="chmod 600"):
        workers_of("a:1", secret_file)
