"""What each verb's `--help` shows as examples: command and meaning. A test has the program take every one. Pure."""

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "up": (
        ("scalelab up --gateways 3", "three gateways, until Ctrl-C"),
        ("scalelab up --detach --set database.pool_size=16", "in the background, with a smaller pool"),
        ("scalelab up --routes routes.toml --watch", "in front of your own service, with the dashboard"),
    ),
    "status": (("scalelab status", "for people"), ("scalelab status --json", "for programs; holds passwords")),
    "scale": (
        ("scalelab scale api_gateway=5", "five gateways, without a failed request"),
        ("scalelab scale worker=2 --name other", "two workers of the stack named other"),
    ),
    "policy": (
        ("scalelab policy least_connections", "whoever has the fewest requests in hand gets the next one"),
        ("scalelab policy hash_key --name other", "always the same gateway for a key"),
    ),
    "routes": (
        ("scalelab routes check routes.toml", "what each route means"),
        ("scalelab routes apply routes.toml", "for every gateway of the running stack, or for none"),
    ),
    "keys": (("scalelab keys rotate", "tokens of before stay good until they end"),),
    "purge": (
        ("scalelab purge --key 5", "everything made from record 5"),
        ("scalelab purge --all", "all of it"),
    ),
    "tasks": (
        ("scalelab tasks list", "the long tasks that were given up, newest first"),
        ("scalelab tasks retry 0123456789abcdef0123456789abcdef", "the same task again, from its first attempt"),
        ("scalelab tasks drop --all --json", "forgets them; what was done, for programs"),
    ),
    "down": (("scalelab down", "the stack named default"), ("scalelab down --name other", "another one")),
    "export": (
        ("scalelab export kubernetes manifests --set api_gateway.replicas=3", "for kubectl apply --kustomize"),
        ("scalelab export compose project", "for docker compose up"),
    ),
    "plan": (("scalelab plan classic", "what a run would do, and how long"),),
    "run": (
        ("scalelab run classic --quick", "a first look, in two minutes"),
        ("scalelab run classic --repeat 5", "with 95 % intervals"),
        ("scalelab run my.toml --set load.users=200 --watch", "your own experiment, live in the browser"),
    ),
    "report": (
        ("scalelab report tests/results/latest", "of the newest run, into tests/reports"),
        ("scalelab report results/before/latest results/after/latest", "of each, and an index beside them"),
    ),
    "lessons": (
        ("scalelab lessons", "all of them, in less than half an hour"),
        ("scalelab lessons overload hedging", "these two"),
    ),
    "load": (
        ("scalelab load http://127.0.0.1:8000/ --rate 200 --duration 30", "200 requests/s, whatever the system does"),
        ("scalelab load http://127.0.0.1:8000/ --closed 50 --duration 30", "50 users who wait for their answers"),
    ),
    "load-worker": (
        ("scalelab load-worker --listen 127.0.0.1:7100 --secret-file secret", "makes what a coordinator asks for"),
    ),
    "capacity": (
        ('scalelab capacity http://127.0.0.1:8000/ --slo "p99 < 200 ms"', "the highest rate that keeps it"),
    ),
    "fit": (("scalelab fit measurements.csv", "columns N and X: which law they support"),),
    "predict": (("scalelab predict tests/results/latest --replicas 4,5", "from a sweep over gateways"),),
    "compare": (("scalelab compare before after", "two runs of several repetitions; exit code 4: worse"),),
    "watch": (("scalelab watch", "the stack named default, in the browser"),),
    "selftest": (("scalelab selftest", "the whole of it, in two minutes and a half"),),
    "doctor": (("scalelab doctor", "what is missing here, and what to type"),),
}


def epilog_of(verb: str) -> str | None:
    """The examples as they stand below a verb's options; None when there is none."""
    examples = EXAMPLES.get(verb, ())
    if not examples:
        return None
    return "\n".join(("\b", "Examples:", *(f"  {command}\n      {meaning}" for command, meaning in examples)))
