"""`scalelab load URL --rate R --duration S`: one honest measurement of any URL, with all that is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from scalelab.cli.consoles import progress_console, result_console
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.load_options import DEFAULT_CONNECTIONS, DEFAULT_DURATION_S, LoadOptions, plan_of
from scalelab.cli.load_texts import TOKEN_VARIABLE
from scalelab.cli.load_view import live_line, print_result
from scalelab.cli.load_workers import WorkersOption, WorkersSecretOption, processes_of, workers_of
from scalelab.lab.load.connector import UnresolvedError
from scalelab.lab.load.criteria import Criterion, CriterionError, Verdict, judge, parse_criterion
from scalelab.lab.load.files import write_csv, write_histogram_log, write_json
from scalelab.lab.load.honesty import judged
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.processes import Follow, GeneratorFailedError, LoadOutcome, WorkerFailedError, run_load
from scalelab.lab.load.result import LoadResult, at_least, result_of
from scalelab.lab.load.workers.addresses import Workers
from scalelab.lab.results.run_record import Validity

GRAPH_FORMATS = (".png", ".svg")
_SPOILS_CRITERIA: frozenset[Validity] = frozenset({"generator-limited", "partial", "little-violated"})
"""Of such a result nobody can say whether the system fails a criterion."""


def load(
    urls: Annotated[list[str] | None, typer.Argument(metavar="URL", help="http or https; several are a mix.")] = None,
    *,
    rate: Annotated[
        float | None, typer.Option("--rate", help="Requests/s, whatever the system does (open load).")
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--duration", help=f"Seconds in which requests start ({DEFAULT_DURATION_S:g}).")
    ] = None,
    closed: Annotated[
        int | None, typer.Option("--closed", metavar="USERS", help="Users who wait for answers.")
    ] = None,
    think: Annotated[
        str | None, typer.Option("--think", metavar="MIN-MAX", help="Their think time in seconds.")
    ] = None,
    arrivals: Annotated[
        str,
        typer.Option(
            "--arrivals",
            help="constant, poisson, ramp:TO, steps:R,R,..., spike:PEAK@START+LENGTH, replay:FILE; poisson+SHAPE.",
        ),
    ] = "constant",
    method: Annotated[str, typer.Option("--method", help="Of every URL given here.")] = "GET",
    header: Annotated[
        list[str] | None, typer.Option("--header", help="'Name: value'; 'Name: @FILE' for secrets. Repeatable.")
    ] = None,
    body: Annotated[str, typer.Option("--body", help="Text, or @FILE.")] = "",
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every body against its Content-Digest (RFC 9530, SHA-256).")
    ] = False,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help=f"Bearer tokens, one a line and user; or {TOKEN_VARIABLE}.")
    ] = None,
    requests: Annotated[Path | None, typer.Option("--requests", metavar="FILE", help="A mix, as TOML.")] = None,
    keys: Annotated[
        str | None, typer.Option("--keys", help="For {key}: uniform:N, unique:N, zipf:N:EXP, hot_set:N:HOT:SHARE.")
    ] = None,
    connections: Annotated[
        int | None,
        typer.Option("--connections", min=1, help=f"At most so many ({DEFAULT_CONNECTIONS}, or one a user)."),
    ] = None,
    processes: Annotated[int, typer.Option("--processes", min=1, help="Generator processes of each machine.")] = 1,
    workers: WorkersOption = None,
    workers_secret_file: WorkersSecretOption = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds for one request.")] = 10.0,
    drain: Annotated[float, typer.Option("--drain", help="Seconds to wait for answers at the end.")] = 10.0,
    warm_up: Annotated[float, typer.Option("--warm-up", help="First seconds of the duration, not measured.")] = 0.0,
    ca: Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="Trusted certificates (PEM).")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Do not check certificates.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the result.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write every second.")] = None,
    graph: Annotated[Path | None, typer.Option("--graph", metavar="FILE", help="Draw it, .png or .svg.")] = None,
    histograms: Annotated[
        Path | None, typer.Option("--hlog", metavar="FILE", help="Write an HdrHistogram log.")
    ] = None,
    fail_if: Annotated[
        list[str] | None, typer.Option("--fail-if", help="Exit 4 when it holds: 'p99 > 200 ms'. Repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of arrivals, keys and choices.")] = 1,
) -> None:
    """Measure a URL under load. Latency counts from when a request was meant to start."""
    criteria = _criteria(fail_if or [])
    _check_files(json_file, csv_file, graph, histograms)
    machines = workers_of(workers, workers_secret_file)
    options = LoadOptions(
        urls=tuple(urls or ()),
        rate_per_s=rate,
        duration_s=duration,
        users=closed,
        think=think,
        arrivals=arrivals,
        method=method,
        headers=tuple(header or ()),
        body=body,
        is_verified=verify,
        token_file=token_file,
        request_file=requests,
        keys=keys,
        connections=connections,
        processes=processes_of(machines, processes),
        timeout_s=timeout,
        drain_limit_s=drain,
        warm_up_s=warm_up,
        ca_file=ca,
        is_insecure=insecure,
        seed=seed,
    )
    plan = plan_of(options)
    outcome = _run(plan, machines)
    result, verdicts = _judge(judged(result_of(outcome), outcome), outcome, criteria)
    print_result(result_console(), result)
    _write(result, outcome, json_file, csv_file, graph, histograms)
    code = exit_code_of(result, verdicts)
    if code is not ExitCode.DONE:
        raise typer.Exit(code)


def exit_code_of(result: LoadResult, verdicts: list[Verdict]) -> ExitCode:
    """Interrupted; a criterion that holds for sure; not valid; done."""
    if any(caveat.kind == "interrupted" for caveat in result.caveats):
        return ExitCode.INTERRUPTED
    is_spoiled = not _SPOILS_CRITERIA.isdisjoint(result.validities)
    if "met" in verdicts and not is_spoiled:
        return ExitCode.CRITERION_FAILED
    if result.validity != "valid" or "undecided" in verdicts:
        return ExitCode.NOT_VALID
    return ExitCode.DONE


def _run(plan: LoadPlan, workers: Workers | None) -> LoadOutcome:
    try:
        with _live(plan) as follow:
            return run_load(plan, follow, workers=workers)
    except (UnresolvedError, WorkerFailedError) as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    except GeneratorFailedError as error:
        raise CommandError(str(error), ExitCode.UNEXPECTED) from error


@contextmanager
def _live(plan: LoadPlan) -> Iterator[Follow | None]:
    console = progress_console()
    if not console.is_terminal:
        yield None
        return
    with console.status("starting ...") as status:
        yield lambda progress: status.update(live_line(plan, progress))


def _criteria(texts: list[str]) -> list[Criterion]:
    try:
        return [parse_criterion(text) for text in texts]
    except CriterionError as error:
        raise CommandError(f"--fail-if {error}", ExitCode.USAGE) from error


def _judge(result: LoadResult, outcome: LoadOutcome, criteria: list[Criterion]) -> tuple[LoadResult, list[Verdict]]:
    judgements = [judge(criterion, result, at_least(outcome.tally)) for criterion in criteria]
    told = result.model_copy(update={"criteria": tuple(sentence for _, sentence in judgements)})
    return told, [verdict for verdict, _ in judgements]


def _check_files(json_file: Path | None, csv_file: Path | None, graph: Path | None, histograms: Path | None) -> None:
    """What cannot be written is told before the load, not after it."""
    if graph is not None and graph.suffix.lower() not in GRAPH_FORMATS:
        raise CommandError(f"--graph {graph}: the name must end in .png or .svg", ExitCode.USAGE)
    for file in (json_file, csv_file, graph, histograms):
        if file is not None and not file.absolute().parent.is_dir():
            raise CommandError(f"cannot write {file}: there is no directory {file.parent}", ExitCode.USAGE)
        if file is not None and file.is_dir():
            raise CommandError(f"cannot write {file}: it is a directory", ExitCode.USAGE)


def _write(
    result: LoadResult,
    outcome: LoadOutcome,
    json_file: Path | None,
    csv_file: Path | None,
    graph: Path | None,
    histograms: Path | None,
) -> None:
    file: Path | None = None
    try:
        if (file := json_file) is not None:
            write_json(file, result)
        if (file := csv_file) is not None:
            write_csv(file, result)
        if (file := histograms) is not None:
            routes = [template.route for template in outcome.plan.requests]
            write_histogram_log(file, outcome.tally, routes, outcome.started_at_unix_s, outcome.elapsed_s)
        if (file := graph) is not None:
            from scalelab.lab.load.graph import write_graph  # noqa: PLC0415  half a second, for those who draw

            write_graph(file, result)
    except OSError as error:
        raise CommandError(f"cannot write {file}: {error.strerror or error}", ExitCode.UNEXPECTED) from error
