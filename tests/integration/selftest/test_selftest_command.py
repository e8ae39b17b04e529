"""The command as a person types it, on real servers; and that nothing of it is left."""

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
SCALELAB = str(Path(sys.executable).with_name("scalelab"))


def known_servers(process):
    """Those that it has started."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
        return {child for child in children if "scalelab.lab.selftest.known_server" in child.cmdline()}
    return set()


def waited_for(is_true, limit_s=30):
    limit_s += time.monotonic()
    while not is_true() and time.monotonic() < limit_s:
        time.sleep(0.02)
    return is_true()


def test_a_few_cases_tell_the_truth():
    """Expected, measured, verdict, as JSON; the exit code says the same."""
    names = ["wrong-bodies", "dead-port", "out-of-reach"]
    only = [word for name in names for word in ("--only", name)]

    ran = subprocess.run(
        [SCALELAB, "selftest", "--quick", "--json", *only], capture_output=True, text=True, check=False
    )

    document = json.loads(ran.stdout)
    assert {case["name"] for case in document["cases"]} == set(names)
    assert all(case["lines"] for case in document["cases"])
    assert (document["verdict"], ran.returncode) in {("pass", 0), ("cannot tell", 3)}
    books = [line for case in document["cases"] for line in case["lines"] if line["what"] == "books balance"]
    assert len(books) == 3
    assert all(line["verdict"] == "pass" for line in books)


def test_an_unknown_case_is_refused_in_one_line():
    """With the names that there are."""
    ran = subprocess.run([SCALELAB, "selftest", "--only", "frost"], capture_output=True, text=True, check=False)

    assert ran.returncode == 2
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "frost" in ran.stderr
    assert "freeze" in ran.stderr


@pytest.mark.parametrize(
    ("number", "codes"), [(signal.SIGINT, {130}), (signal.SIGTERM, {130}), (signal.SIGKILL, {-9})]
)
def test_no_server_outlives_it(number, codes):
    """However it ends, even while a server of it is frozen."""
    process = subprocess.Popen([SCALELAB, "selftest", "--only", "freeze"], stderr=subprocess.DEVNULL)
    assert waited_for(lambda: known_servers(process))
    (server,) = known_servers(process)
    assert waited_for(lambda: server.status() == psutil.STATUS_STOPPED)

    process.send_signal(number)
    code = process.wait(20)

    assert code in codes
    assert waited_for(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
