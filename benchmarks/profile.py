"""Where the gateway's time goes, sampled by py-spy under wrk: `python -m benchmarks.profile health|hit|many|miss`."""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import psutil

from benchmarks import wrk
from benchmarks.contestants.base import MISSING_PEERS
from benchmarks.contestants.gateway import start_gateway, start_valkey
from benchmarks.contestants.nginx import start_nginx
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, BenchError, Crew, on_core
from benchmarks.tokens import make_tokens
from benchmarks.works.hit import MANY_USERS, TOKENS

DURATION_S = 5
WARM_UP_S = 6
SAMPLES_PER_S = 400
SHOWN = 25
SHOWN_PARTS = 12
_ASKED = {
    "health": ("/health", "same"),
    "hit": ("/data", "same"),
    "many": ("/data", "paired"),
    "miss": ("/data", "unique"),
}
"""Path and keys."""
_FRAME = re.compile(r"^(?P<function>.+) \((?P<file>[^()]+?)(?::\d+)?\)$")


def main() -> int:
    """Prints one table."""
    parser = argparse.ArgumentParser("benchmarks.profile", description=__doc__)
    parser.add_argument("path", choices=_ASKED)
    path = parser.parse_args().path
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Crew(Path(folder)) as crew:
        stacks = _sampled(crew, path)
    print(table(stacks))
    return 0


def table(stacks: Iterable[str]) -> str:
    """Parts, then functions, by their own samples, as Markdown. `stacks` are lines of py-spy's raw format."""
    own, within, parts, total = Counter[str](), Counter[str](), Counter[str](), 0
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        names = [_short(frame) for frame in frames.split(";")]
        total += int(count)
        own[names[-1]] += int(count)
        parts[_part(names[-1])] += int(count)
        within.update(dict.fromkeys(set(names), int(count)))
    rows = [
        f"| {own[name] / total:.1%} | {within[name] / total:.1%} | `{name}` |" for name, _ in own.most_common(SHOWN)
    ]
    part_rows = [f"| {count / total:.1%} | `{part}` |" for part, count in parts.most_common(SHOWN_PARTS)]
    return "\n".join(
        [
            *("| own | part |", "| ---: | --- |", *part_rows, ""),
            *("| own | with callees | function |", "| ---: | ---: | --- |", *rows),
        ]
    )


def _sampled(crew: Crew, path: str) -> list[str]:
    upstream = start_nginx(crew, core=GENERATOR_CORE).url
    tokens = make_tokens(crew.folder, MANY_USERS if path == "many" else TOKENS, "HS256")
    gateway = start_gateway(crew, upstream, start_valkey(crew), tokens, core=SERVER_CORE)
    asked_path, keys = _ASKED[path]
    worker = psutil.Process(gateway.pids[0]).children()[0].pid
    wrk.measure(gateway.url, tokens, WARM_UP_S, gateway.pids, keys=keys, path=asked_path)
    file = crew.folder / "stacks"
    options = ["--duration", str(DURATION_S), "--rate", str(SAMPLES_PER_S), "--format", "raw", "--output", str(file)]
    py_spy = str(Path(sys.executable).with_name("py-spy"))
    command = [py_spy, "record", "--pid", str(worker), "--nonblocking", *options]
    try:
        sampler = subprocess.Popen(on_core(GENERATOR_CORE, command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wrk.measure(gateway.url, tokens, DURATION_S + 1, gateway.pids, keys=keys, path=asked_path)
    finally:
        said = sampler.communicate(timeout=30)[0]
    if not file.exists():
        raise BenchError(f"py-spy wrote nothing ({MISSING_PEERS}): {said.decode()[-600:]}")
    return file.read_text().splitlines()


def _part(name: str) -> str:
    """The folder of a function's file."""
    return name.rpartition("(")[2].rpartition("/")[0] or name


def _short(frame: str) -> str:
    """Function and the last parts of its file, without the line."""
    found = _FRAME.match(frame)
    return frame if found is None else f"{found['function']} ({'/'.join(found['file'].split('/')[-2:])})"


if __name__ == "__main__":
    sys.exit(main())
