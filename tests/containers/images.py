"""Images that need no registry: a Debian base, ours from the Dockerfile, and stand-ins for the engines.

The stand-ins hold the very programs that stacks of processes use here.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scalelab.deployment.engines import NO_HAPROXY, demand_valkey, demanded, find_haproxy

ROOT = Path(__file__).resolve().parents[2]
BASE, OURS = "scalelab-base:test", "scalelab:latest"
ENGINES, POSTGRESQL = "scalelab-engines:test", "scalelab-postgresql:test"
PACKAGES = "python3,python3-venv,wget,redis-tools,postgresql"
BASE_ARCHIVE_VARIABLE = "SCALELAB_TEST_BASE"
"""A tar archive of a Debian root with `PACKAGES`, to be taken instead of making one."""
SHARED_VARIABLE = "SCALELAB_TEST_SHARED"
"""A folder of all processes of one test run."""
OLDER_PYTHON_NEEDS = ("async-timeout",)
"""Debian's Python 3.11.2 has markers fulfilled that a newer one, which fetches the wheels, has not."""
_LIMIT_S = 600.0
_ENGINES_FILE = """
FROM {base}
COPY programs /usr/local/bin
RUN ln -s /usr/bin/redis-cli /usr/local/bin/valkey-cli && echo 'scalelab:x:10001:10001::/tmp:/bin/sh' >>/etc/passwd
"""
_POSTGRESQL_FILE = """
FROM {engines}
RUN chmod 3777 /var/run/postgresql
ENTRYPOINT ["postgresql-first-start"]
"""


def make_images(engine, folder):
    """All of them; takes two minutes, one of which is Debian's."""
    _base(engine, folder)
    build_ours(engine, folder / "context")
    _engines(engine, folder / "engines")


def _base(engine, folder):
    given = os.environ.get(BASE_ARCHIVE_VARIABLE)
    engine.run("import", given or _made_base(folder), BASE, limit_s=_LIMIT_S)


def _made_base(folder):
    """The archive, made by whichever test process comes first."""
    shared = Path(os.environ[SHARED_VARIABLE])
    archive = shared / "base.tar"
    with (shared / "base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            _make_base(folder / "root", archive)
    return archive


def _make_base(root, archive):
    site, release = _apt_says("$(SITE)"), _apt_says("$(RELEASE)")
    _run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, root, site])
    unfinished = archive.with_suffix(".part")
    _run(
        ["tar", "-C", root, "--exclude=./var/cache/apt/archives", "--exclude=./usr/share/doc", "-cf", unfinished, "."]
    )
    shutil.rmtree(root)
    unfinished.rename(archive)


def build_ours(engine, context, requirements="requirements.txt", tag=OURS):
    """Without a network, from a wheelhouse; the checkout itself stays as it is."""
    for part in ("deploy", "src/scalelab"):
        shutil.copytree(ROOT / part, context / part, ignore=shutil.ignore_patterns("__pycache__", "*.whl"))
    for file in (".dockerignore", "requirements-dev.lock"):
        shutil.copy(ROOT / file, context / file)
    wheels = context / "deploy" / "wheelhouse"
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", wheels]
    _run(
        [
            *fetch,
            "--requirement",
            ROOT / "deploy" / requirements,
            "--constraint",
            ROOT / "requirements-dev.lock",
        ]
    )
    _run([*fetch, "--no-deps", *OLDER_PYTHON_NEEDS])
    engine.run(
        "build", "--quiet", "--network=none", "--build-arg", f"BASE_IMAGE={BASE}",
        "--build-arg", f"REQUIREMENTS={requirements}",
        "--file", context / "deploy" / "Dockerfile", "--tag", tag, context, limit_s=_LIMIT_S,
    )  # fmt: skip


def _engines(engine, folder):
    programs = folder / "programs"
    programs.mkdir(parents=True)
    haproxy = demanded(find_haproxy(), NO_HAPROXY).path
    shutil.copy(haproxy, programs / "haproxy")
    if (haproxy.parent / "lib").is_dir():  # the wheel's program looks for its libraries beside itself
        shutil.copytree(haproxy.parent / "lib", programs / "lib")
    shutil.copy(demand_valkey().path, programs / "valkey-server")
    shutil.copy(Path(__file__).with_name("postgresql-first-start"), programs)
    for text, name in ((_ENGINES_FILE, ENGINES), (_POSTGRESQL_FILE, POSTGRESQL)):
        (folder / "Dockerfile").write_text(text.format(base=BASE, engines=ENGINES), encoding="utf-8")
        engine.run("build", "--quiet", "--network=none", "--tag", name, folder, limit_s=_LIMIT_S)


def _apt_says(field):
    """Where this machine's own packages come from."""
    lines = _run(["apt-get", "indextargets", "--format", field, "Created-By: Packages", "Component: main"]).split()
    return lines[0]


def _run(command):
    finished = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=_LIMIT_S)
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-3000:]
    return finished.stdout
