"""Runs the works one after the other and writes the results after each, so that an interrupt keeps what there is."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks import wrk
from benchmarks.comparison import Section
from benchmarks.machine import this_machine
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, BenchError
from benchmarks.results_page import results_page
from benchmarks.works.balancers import measure_balancers
from benchmarks.works.generator import measure_generator
from benchmarks.works.hit import measure_hits
from benchmarks.works.installation import measure_installation
from benchmarks.works.miss import measure_misses
from benchmarks.works.plan import FULL, QUICK, Pace
from benchmarks.works.whole_stack import measure_whole_stack

Work = Callable[[Path, Pace], list[Section]]

WORKS: Mapping[str, Work] = {
    "hit": measure_hits,
    "miss": measure_misses,
    "stack": measure_whole_stack,
    "generator": measure_generator,
    "balancers": measure_balancers,
    "install": lambda folder, _pace: measure_installation(folder),
}
OPTIONAL = {"install"}
INTERRUPTED = 130


def main() -> int:
    """The exit code: 0 measured, 1 a work could not be measured, 2 the machine will not do, 130 interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _options()
    if fault := _unfit():
        print(fault, file=sys.stderr)
        return 2
    names = options.only or [name for name in WORKS if name not in OPTIONAL or options.install]
    pace = replace(QUICK if options.quick else FULL, is_long=options.long)
    began_s = time.monotonic()
    machine, sections, faults = this_machine(), list[Section](), list[str]()
    how = _how(pace, options)
    before = options.output.read_text(encoding="utf-8") if options.output and options.output.exists() else ""
    for name in names:
        print(f"# {name} ...", file=sys.stderr, flush=True)
        try:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                sections += WORKS[name](Path(folder), pace)
        except BenchError as error:
            faults.append(f"{name}: {error}")
            print(faults[-1], file=sys.stderr)
        except KeyboardInterrupt:
            print("interrupted: what was measured so far is kept", file=sys.stderr)
            return INTERRUPTED
        page = results_page(machine, how + _faults(faults), sections, before if options.only else "")
        if options.output:
            options.output.write_text(page, encoding="utf-8")
    print(page)
    print(f"# {time.monotonic() - began_s:.0f} s", file=sys.stderr)
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two short rounds, to see that all works")
    parser.add_argument("--long", action="store_true", help="also the generator for ten minutes")
    parser.add_argument("--install", action="store_true", help="also time make install")
    parser.add_argument("--only", nargs="+", choices=WORKS, help="these works alone; the others stay in the page")
    parser.add_argument("--output", type=Path, help="where to write the page, besides printing it")
    return parser.parse_args()


def _unfit() -> str:
    if not hasattr(os, "sched_setaffinity"):
        return "the bench gives server and generator a core each, which only Linux can"
    if not {SERVER_CORE, GENERATOR_CORE} <= os.sched_getaffinity(0):
        return f"the bench needs two cores, {SERVER_CORE} for the server and {GENERATOR_CORE} for the generator"
    return "" if wrk.is_installed() else wrk.MISSING


def _how(pace: Pace, options: argparse.Namespace) -> str:
    quick = " This was a quick run: do not quote it." if options.quick else ""
    return f"""## How it was measured

{pace.rounds} alternating rounds of {pace.duration_s} s each, every second one backwards, after a warm-up. A ratio is
formed within a round; median, least and greatest are over the rounds.{quick}

The server is pinned to core {SERVER_CORE}, the generator to core {GENERATOR_CORE}. Comparisons are made with wrk:
one thread, {wrk.CONNECTIONS} connections, tokens in rotation by `wrk.lua`. Answers other than 2xx or 3xx are not
counted, and more than one in a thousand ends the work. The body has about 500 bytes.

Peers come from their wheels with the configuration that `benchmarks/contestants` generates: one thread or worker, no
logs, connections kept. Ours runs as a deployment starts it, with its defaults. The median decides on a goal. Why the
comparison is fair, and where it is not, stands in `docs/explanation/performance.md`.
"""


def _faults(faults: list[str]) -> str:
    return "".join(f"\nNot measured: {fault}\n" for fault in faults)


if __name__ == "__main__":
    sys.exit(main())
