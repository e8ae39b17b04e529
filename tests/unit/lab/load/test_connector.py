"""Names and certificates, before a load starts."""

import pytest

from scalelab.lab.load.connector import CertificateFileError, UnresolvedError, read_certificates, resolve
from scalelab.lab.load.targets import Origin


def test_a_numeric_address_is_its_own():
    """No name server is asked."""
    origin = Origin("http", "127.0.0.1", 80)

    assert resolve([origin]) == {origin: ("127.0.0.1",)}


def test_an_empty_label_is_no_name():
    """Said in one line, without a name server."""
    with pytest.raises(UnresolvedError, match="cannot resolve"):
        resolve([Origin("http", "a..b", 80)])


@pytest.mark.parametrize("text", ["nothing", ""])
def test_a_file_without_certificates_is_refused(tmp_path, text):
    """It names the file."""
    file = tmp_path / "none.pem"
    file.write_text(text)

    with pytest.raises(CertificateFileError, match=r"none\.pem"):
        read_certificates(file)
    with pytest.raises(CertificateFileError, match="No such file"):
        read_certificates(tmp_path / "absent.pem")
