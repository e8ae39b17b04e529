"""Our own generator beside wrk and Locust, each on one core."""

import csv
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import wrk
from benchmarks.comparison import Figure, Goal, Row, Section, alternate, ratio
from benchmarks.contestants.nginx import start_nginx
from benchmarks.contestants.slow_server import start_slow_server
from benchmarks.own_load import run_load
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, BenchError, Crew, on_core
from benchmarks.stack import SCALELAB
from benchmarks.tokens import Tokens, make_tokens
from benchmarks.works.plan import Pace

OPEN_RATE = 20_000
USERS = 1000
SLOW_S = 0.01
_LOCUST_USERS = 50
_LOCUST_START_S = 2
"""For its users to start; it counts from when all of them run (`--reset-stats`)."""
_THINKING_S = 10
_LONG_S = 600


def measure_generator(folder: Path, pace: Pace) -> list[Section]:
    """One section; another one with `--long`."""
    with Crew(folder) as crew:
        fast = start_nginx(crew, core=SERVER_CORE).url
        slow = start_slow_server(crew, SLOW_S, core=SERVER_CORE)
        tokens = make_tokens(folder, 1, "HS256")
        rows = [
            *_open_loop(fast, pace),
            *_beside_locust(fast, folder, pace),
            _beside_wrk(slow.url, slow.pids, tokens, pace),
            _thinking_users(fast),
        ]
        long = [_long_run(fast)] if pace.is_long else []
    return [Section("Our own generator, one core", tuple(rows)), *long]


def _open_loop(url: str, pace: Pace) -> list[Row]:
    options = ["--rate", str(OPEN_RATE), "--duration", f"{pace.duration_s + 2}", "--warm-up", "1"]
    runs = [
        run_load(f"{url}/data?key=1", [*options, "--connections", str(wrk.CONNECTIONS)]) for _ in range(pace.rounds)
    ]
    lags_ms = [1000 * float(run["generator"]["lag_p99_s"]) for run in runs]
    remark = f"generator's core {max(float(run['generator']['cpu_share']) for run in runs):.0%} busy at most"
    return [
        Row("open loop, answered", Figure.of(_rates(runs)), "requests/s", Goal(0.99 * OPEN_RATE), remark=remark),
        Row(f"schedule lag p99 at {OPEN_RATE:,} requests/s", Figure.of(lags_ms), "ms", Goal(1, "at most")),
    ]


def _beside_locust(url: str, folder: Path, pace: Pace) -> list[Row]:
    def ours() -> float:
        options = ["--closed", str(wrk.CONNECTIONS), "--duration", f"{pace.duration_s + 1}", "--warm-up", "1"]
        return _rates([run_load(f"{url}/data?key=1", options)])[0]

    measured = alternate({"ours": ours, "locust": lambda: _locust_rate(url, folder, pace.duration_s)}, pace.rounds)
    return [
        Row("closed loop / Locust FastHttpUser", ratio(measured["ours"], measured["locust"]), "x", Goal(6)),
        Row("closed loop, saturating", Figure.of(measured["ours"]), "requests/s"),
        Row("Locust FastHttpUser", Figure.of(measured["locust"]), "requests/s"),
    ]


def _locust_rate(url: str, folder: Path, duration_s: int) -> float:
    whole_s = duration_s + _LOCUST_START_S
    command = [sys.executable, "-m", "locust", "-f", "benchmarks/locust_users.py", "--headless", "--host", url]
    options = ["-u", str(_LOCUST_USERS), "-r", str(_LOCUST_USERS), "-t", f"{whole_s}s", "--only-summary"]
    files = ["--csv", str(folder / "locust"), "--reset-stats"]
    ran = subprocess.run(
        on_core(GENERATOR_CORE, [*command, *options, *files]), capture_output=True, text=True, check=False, timeout=60
    )
    if ran.returncode:
        raise BenchError(f"locust failed: {ran.stderr[-800:]}")
    with (folder / "locust_stats.csv").open(newline="") as lines:
        return next(float(row["Requests/s"]) for row in csv.DictReader(lines) if row["Name"] == "Aggregated")


def _beside_wrk(url: str, pids: tuple[int, ...], tokens: Tokens, pace: Pace) -> Row:
    def ours() -> float:
        options = ["--closed", str(wrk.CONNECTIONS), "--duration", f"{pace.duration_s + 1}", "--warm-up", "1"]
        return _rates([run_load(f"{url}/data?key=1", options)])[0]

    def theirs() -> float:
        return wrk.measure(url, tokens, pace.duration_s, pids).rate_per_s

    measured = alternate({"ours": ours, "wrk": theirs}, pace.rounds)
    differences = [100 * abs(one / other - 1) for one, other in zip(measured["ours"], measured["wrk"], strict=True)]
    rates = f"ours {Figure.of(measured['ours']).median:,.0f}, wrk {Figure.of(measured['wrk']).median:,.0f} requests/s"
    what = f"closed loop, difference from wrk; a server that takes {SLOW_S * 1000:g} ms"
    return Row(what, Figure.of(differences), "%", Goal(5, "at most"), remark=rates)


def _thinking_users(url: str) -> Row:
    options = ["--closed", str(USERS), "--think", "1-2", "--duration", f"{_THINKING_S:g}", "--warm-up", "2"]
    run = run_load(f"{url}/data?key=1", options)
    share = 100 * float(run["generator"]["cpu_share"])
    rate = f"{float(run['rate_per_s']):,.0f} requests/s; {run['validity']}"
    return Row(f"{USERS:,} users who think 1-2 s: CPU", Figure.of([share]), "% of a core", Goal(15, "below"), rate)


def _long_run(url: str) -> Section:
    """Memory of the generator, once a second, from the second minute on."""
    options = ["--rate", "5000", "--duration", str(_LONG_S), "--connections", str(wrk.CONNECTIONS)]
    command = on_core(GENERATOR_CORE, [SCALELAB, "load", f"{url}/data?key=1", *options])
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    resident_mib: list[float] = []
    try:
        while process.poll() is None:
            resident_mib.append(_resident_mib(process.pid))
            time.sleep(1)
    finally:
        process.terminate()
        process.wait()
    steady = [mib for mib in resident_mib[60:-5] if mib] or [0.0]
    minute = max(1, min(60, len(steady) // 2))
    grown = sum(steady[-minute:]) / minute - sum(steady[:minute]) / minute
    return Section(
        f"Our own generator for {_LONG_S // 60} minutes",
        (
            Row("resident memory from the second minute on", Figure.of(steady), "MiB"),
            Row("last minute less second minute", Figure.of([grown]), "MiB", Goal(5, "below")),
        ),
    )


def _resident_mib(pid: int) -> float:
    try:
        parent = psutil.Process(pid)
        return sum(one.memory_info().rss for one in [parent, *parent.children(recursive=True)]) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def _rates(runs: list[dict[str, Any]]) -> list[float]:
    return [float(run["rate_per_s"]) for run in runs]
