"""Authenticated cached GET: ours beside the peers, and what ten thousand users change."""

from pathlib import Path

from benchmarks import wrk
from benchmarks.comparison import Figure, Goal, Row, Section
from benchmarks.contestants.base import Contestant
from benchmarks.contestants.envoy import start_envoy
from benchmarks.contestants.gateway import start_gateway, start_valkey
from benchmarks.contestants.haproxy import start_haproxy
from benchmarks.contestants.nginx import start_nginx
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, Crew, resident_mib
from benchmarks.tokens import Tokens, make_tokens, sign_tokens
from benchmarks.works.plan import Pace
from benchmarks.works.saturation import Load, beside, rate_rows, saturate
from scalelab.contracts.topology import Logging

TOKENS = 200
MANY_USERS = 10_000
_WARM_UP_S = 3
_WARM_UPS = 15
"""At most; no more than a hopelessly busy machine needs."""
_ASKED_EACH = 4
OURS, OURS_EDDSA, OURS_LOGGING = "ours", "ours, EdDSA", "ours, 1 % of access lines written, as shipped"
_GOALS = {"HAProxy jwt_verify + cache": 1.2, "Envoy jwt_authn + cache": 3.0, "nginx return": 0.8}


def measure_hits(folder: Path, pace: Pace) -> list[Section]:
    """Two sections: beside the peers, and many users."""
    with Crew(folder) as crew:
        upstream = start_nginx(crew, core=GENERATOR_CORE).url
        valkey = start_valkey(crew)
        symmetric, asymmetric = make_tokens(folder, TOKENS, "HS256"), make_tokens(folder, TOKENS, "EdDSA")
        ours = start_gateway(crew, upstream, valkey, symmetric, core=SERVER_CORE)
        peers = [
            start_haproxy(crew, upstream, symmetric, core=SERVER_CORE, has_cache=True),
            start_envoy(crew, upstream, symmetric, core=SERVER_CORE),
            start_nginx(crew, core=SERVER_CORE),
        ]
        with_eddsa = start_gateway(crew, upstream, valkey, asymmetric, core=SERVER_CORE)
        logging = start_gateway(
            crew, upstream, valkey, symmetric, core=SERVER_CORE, access_sample_ratio=Logging().access_sample_ratio
        )
        loads = {
            OURS: Load(ours, symmetric),
            OURS_EDDSA: Load(with_eddsa, asymmetric),
            OURS_LOGGING: Load(logging, symmetric),
        }
        measured = saturate(loads | {peer.name: Load(peer, symmetric) for peer in peers}, pace)
        among_peers = Section(
            f"Authenticated cached GET, {wrk.CONNECTIONS} connections, {TOKENS} tokens, one core",
            (
                *(beside(measured, OURS, name, Goal(bound)) for name, bound in _GOALS.items()),
                *rate_rows(measured),
            ),
            (
                "All verify HS256, which HAProxy, Envoy and ours have in common, but nginx, which verifies nothing.",
                "Nobody writes access lines, unless ours is said to; ours counts requests and hits in all of them.",
                "HAProxy checks signature and expiry; Envoy and ours also issuer and audience, and ours revocation.",
            ),
        )
        many = _many_users(crew, ours, symmetric.key_file, symmetric.secret, pace)
    return [among_peers, many]


def _warm_up_all(ours: Contestant, tokens: Tokens) -> None:
    """Each request once to fill the cache, once to be found there and kept, and once more, however slow that is."""
    asked = 0
    for _ in range(_WARM_UPS):
        run = wrk.measure(ours.url, tokens, _WARM_UP_S, ours.pids, keys="paired", start=asked)  # goes on where it was
        asked += int(_WARM_UP_S * run.rate_per_s)
        if asked > _ASKED_EACH * MANY_USERS:
            return


def _many_users(crew: Crew, ours: Contestant, key_file: Path, secret: str, pace: Pace) -> Section:
    few = sign_tokens(key_file, "HS256", crew.folder / "few", TOKENS, secret)
    many = sign_tokens(key_file, "HS256", crew.folder / "many", MANY_USERS, secret)
    before_mib = resident_mib(ours.pids)
    _warm_up_all(ours, many)
    measured = saturate(
        {
            f"{TOKENS} tokens, one key": Load(ours, few),
            f"{MANY_USERS:,} tokens, as many keys": Load(ours, many, "paired"),
        },
        pace,
    )
    after_mib = resident_mib(ours.pids)
    few_users, many_users = measured
    return Section(
        f"{MANY_USERS:,} users with a token and a key each",
        (
            beside(measured, many_users, few_users, Goal(0.7)),
            *rate_rows(measured),
            Row("resident memory before", Figure.of([before_mib]), "MiB", remark="Gunicorn's master and worker"),
            Row(
                "resident memory after",
                Figure.of([after_mib]),
                "MiB",
                remark="hit_path_max_mib = 64 bounds the table",
            ),
        ),
    )
