"""Runs the public HTTP cache test-suite (cache-tests.fyi, npm package http-cache-tests) through a real stack.

The suite's origin stands behind an unprotected route of the gateway; its client asks the gateway. Prints what passed
by kind, and exits 4 when a test fails that `KNOWN_FAILURES` does not name: the list only shrinks. The suite fires 100
tests at once and asks whether a second request came from the cache; on a busy machine the gateway may have stopped
waiting for its cache, as it should. So a failure that is not known is asked for again, alone, and counts when it
fails there too.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PACKAGE = "http-cache-tests@0.4.5"
KNOWN_FAILURES = {
    "required": (
        "304-etag-update-response-Set-Cookie",
        "age-parse-prefix",
        "headers-store-Set-Cookie",
        "stale-close-must-revalidate",
        "stale-close-no-cache",
        "stale-close-proxy-revalidate",
        "stale-close-s-maxage=2",
    ),
    "optimal": (
        "conditional-lm-fresh-no-lm",
        "method-POST",
        "other-set-cookie",
        "partial-store-partial-complete",
        "partial-store-partial-reuse-partial",
        "partial-store-partial-reuse-partial-absent",
        "partial-store-partial-reuse-partial-byterange",
        "partial-store-partial-reuse-partial-suffix",
        "vary-normalise-lang-select",
    ),
}
"""Kind -> tests that fail, which `EXPLAINED` explains. Kind `check` only describes behaviour and is not judged."""
ROUTES = """
[upstreams.suite]
url = "http://127.0.0.1:{port}"

[[routes]]
path = "/"
upstream = "suite"
methods = ["GET", "POST", "PUT", "DELETE", "M-SEARCH"]
protection = "none"
vary = "origin"
"""
EXPLAINED = "docs/explanation/http-cache-suite.md"
SUITE_LIMIT_S = 600
_RUN = """
import fetch from 'node-fetch'
import { runTests, getResults } from './client/runner.mjs'
import suites from './tests/index.mjs'
import surrogate from './tests/surrogate-control.mjs'
const [base, ...alone] = process.argv.slice(2)
const all = [...suites, surrogate].flatMap(suite => suite.tests).filter(test => !test.browser_only)
const tests = alone.length ? all.filter(test => alone.includes(test.id)) : all
await runTests([{ tests }], fetch, false, base, alone.length ? 1 : 100)
const results = getResults()
console.log(JSON.stringify(tests.map(test => [test.kind || 'required', test.id, results[test.id] === true])))
"""


def main() -> int:
    """The exit code: 0 good, 3 the suite could not run, 4 a test fails that is not known to."""
    node = shutil.which("node"), shutil.which("npm")
    if None in node:
        print("the suite needs node and npm (apt-get install nodejs npm)", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory(prefix="hct") as folder:
        work = Path(folder)
        suite = fetch_suite(work)
        port = free_port()
        with origin(suite, port, work), stack(port, work) as gateway_url:
            outcomes = run_suite(suite, port, gateway_url, work)
            if doubtful := unexpected(outcomes):
                print(f"failed, so asked for again, alone: {' '.join(doubtful)}")
                outcomes |= run_suite(suite, port, gateway_url, work, doubtful)
    return judge(outcomes)


def fetch_suite(work: Path) -> Path:
    """The package, unpacked and installed without its development tools."""
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=work, check=True, stdout=subprocess.DEVNULL)
    safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python 3.11.4 and later
    shutil.unpack_archive(next(work.glob("*.tgz")), work, **safely)
    suite = work / "package"
    drop = ["npm", "pkg", "delete", "dependencies.npm", "devDependencies"]
    subprocess.run(drop, cwd=suite, check=True, stdout=subprocess.DEVNULL)
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=suite, check=True, stdout=subprocess.DEVNULL)
    return suite


@contextmanager
def origin(suite: Path, port: int, work: Path):
    """The suite's own server, which plays every origin."""
    environment = npm_configuration(port, "", work)
    with (work / "origin.log").open("wb") as log:
        server = subprocess.Popen(["node", "server/server.mjs"], cwd=suite, env=environment, stdout=log, stderr=log)
        try:
            wait_for(port)
            yield
        finally:
            server.terminate()
            server.wait()


@contextmanager
def stack(origin_port: int, work: Path):
    """One gateway in front of it; yields the gateway's URL."""
    scalelab = str(Path(sys.executable).with_name("scalelab"))
    environment = {**os.environ, "SCALELAB_HOME": str(work / "s")}
    routes = work / "routes.toml"
    routes.write_text(ROUTES.format(port=origin_port))
    start = [scalelab, "up", "--detach", "--routes", str(routes)]
    subprocess.run(start, env=environment, check=True, stdout=subprocess.DEVNULL)
    try:
        status = subprocess.run([scalelab, "status", "--json"], env=environment, check=True, stdout=subprocess.PIPE)
        services = json.loads(status.stdout)["services"]
        yield next(service["url"] for service in services if service["name"] == "api_gateway")
    finally:
        subprocess.run([scalelab, "down"], env=environment, check=False, stdout=subprocess.DEVNULL)


def run_suite(
    suite: Path, port: int, gateway_url: str, work: Path, alone: Sequence[str] = ()
) -> dict[tuple[str, str], bool]:
    """Kind and id of a test -> whether it passed: all of them at once, or one after the other those of `alone`."""
    (suite / "run.mjs").write_text(_RUN, encoding="utf-8")
    ran = subprocess.run(
        ["node", "--no-warnings", "run.mjs", gateway_url, *alone],
        cwd=suite,
        env=npm_configuration(port, gateway_url, work),
        check=True,
        stdout=subprocess.PIPE,
        timeout=SUITE_LIMIT_S,
    )
    last_line = ran.stdout.splitlines()[-1]
    return {(kind, name): bool(passed) for kind, name, passed in json.loads(last_line)}


def unexpected(outcomes: Mapping[tuple[str, str], bool]) -> list[str]:
    """The judged tests that fail though nobody explained why."""
    return [
        name
        for (kind, name), is_passed in outcomes.items()
        if kind in KNOWN_FAILURES and name not in KNOWN_FAILURES[kind] and not is_passed
    ]


def judge(outcomes: Mapping[tuple[str, str], bool]) -> int:
    """Print the tally; the exit code."""
    for judged in ("required", "optimal", "check"):
        passed = [is_passed for (kind, _), is_passed in outcomes.items() if kind == judged]
        print(f"{judged}: {sum(passed)} of {len(passed)}")
    mended = [name for kind, names in KNOWN_FAILURES.items() for name in names if outcomes[kind, name]]
    if mended:
        print(f"pass now, so take them off the list of known failures: {' '.join(mended)}")
    failed = unexpected(outcomes)
    if failed:
        print(f"fail, and {EXPLAINED} does not say why: {' '.join(failed)}")
    return 4 if failed else 0


def npm_configuration(port: int, base_url: str, work: Path) -> dict[str, str]:
    """How the suite is told things."""
    values = {"protocol": "http", "port": str(port), "id": "", "pidfile": str(work / "pid"), "base": base_url}
    named = {
        f"{prefix}{name}": value
        for name, value in values.items()
        for prefix in ("npm_config_", "npm_package_config_")
    }
    return {**os.environ, **named}


def free_port() -> int:
    """A port that was free just now; the suite cannot be handed a socket."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(port: int, limit_s: float = 15.0) -> None:
    """Until somebody listens."""
    deadline_s = time.monotonic() + limit_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    sys.exit(main())
