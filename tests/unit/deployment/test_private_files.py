import os

import pytest

from scalelab.deployment.private_files import write_private


def test_file_is_for_its_owner_whatever_the_umask(tmp_path):
    """No moment in which somebody else could read it."""
    before = os.umask(0)
    try:
        write_private(tmp_path / "key", b"secret")
    finally:
        os.umask(before)

    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key").read_bytes() == b"secret"


def test_file_is_replaced_whole(tmp_path):
    """A reader sees the old content or the new one; no draft stays."""
    write_private(tmp_path / "record", b"old")

    write_private(tmp_path / "record", b"new")

    assert (tmp_path / "record").read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["record"]


def test_failed_write_leaves_the_old_file(tmp_path):
    """Nothing is lost when the new content cannot be put in place."""
    (tmp_path / "record").mkdir()

    with pytest.raises(OSError, match="record"):
        write_private(tmp_path / "record", b"new")

    assert [file.name for file in tmp_path.iterdir()] == ["record"]
