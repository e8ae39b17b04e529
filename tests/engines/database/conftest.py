"""A PostgreSQL server of the tests' own: a directory, a Unix socket and a user without rights, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PASSWORD = "secret of the test"
_FAILS_WHEN_MISSING = os.environ.get("CI") == "true"


def _missing(reason: str) -> None:
    if _FAILS_WHEN_MISSING:
        pytest.fail(reason)
    pytest.skip(reason)


def _program(name: str) -> str:
    places = [Path("/usr/local/bin"), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    on_path = shutil.which(name)
    found = [str(place / name) for place in places if (place / name).exists()] + ([on_path] if on_path else [])
    if not found:
        _missing(f"no {name} here: install PostgreSQL to run its conformance tests")
    return os.path.realpath(found[0])


def _unprivileged() -> dict[str, object]:
    """Who runs the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    _missing("running as root, and there is no other user to run PostgreSQL as")
    return {}


class PostgresqlServer(NamedTuple):
    """Where the server is (without the password) and the password of its user."""

    url: str
    password: str


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A server with an empty database on a Unix socket, which asks for a password."""
    initdb, postgres, runs_as = _program("initdb"), _program("postgres"), _unprivileged()
    with tempfile.TemporaryDirectory(
        prefix="pg", ignore_cleanup_errors=True
    ) as name:  # short: sockets have 107 bytes
        directory = Path(name)
        password_file = directory / "password"
        password_file.write_text(PASSWORD)
        if runs_as:
            for path in (directory, password_file):
                os.chown(path, runs_as["user"], runs_as["group"])
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        initdb_options = [
            "-U",
            "tester",
            "-A",
            "scram-sha-256",
            "--pwfile",
            str(password_file),
            "-E",
            "UTF8",
            "--no-sync",
            "-D",
            str(directory / "data"),
        ]
        subprocess.run(
            [initdb, *initdb_options], cwd=directory, env=environment, check=True, capture_output=True, **runs_as
        )
        options = ["-D", str(directory / "data"), "-k", name, "-c", "listen_addresses=", "-c", "fsync=off"]
        with (directory / "log").open("w") as log:
            server = subprocess.Popen(
                [postgres, *options], cwd=directory, env=environment, stdout=log, stderr=log, **runs_as
            )
        try:
            _wait_until_ready(server, directory)
            yield PostgresqlServer(f"postgresql://tester@/postgres?host={name}", PASSWORD)
        finally:
            server.send_signal(2)  # fast shutdown: sessions are ended, nothing is left
            server.wait(timeout=20)


def _wait_until_ready(server: subprocess.Popen, directory: Path) -> None:
    ready = _program("pg_isready")
    for _ in range(100):
        if server.poll() is not None:
            break
        probe = [ready, "-h", str(directory), "-U", "tester", "-t", "1"]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return
        try:
            server.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
    pytest.fail("PostgreSQL did not start: " + (directory / "log").read_text()[-2000:])
