"""Our gateway, alone, started as a deployment does it: Gunicorn, one worker, settings in a file, Valkey beside."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.contestants.base import MAX_AGE_S, Contestant
from benchmarks.processes import GENERATOR_CORE, Crew, free_port
from benchmarks.tokens import AUDIENCE, ISSUER, Tokens
from scalelab.contracts.service_settings import SETTINGS_FILE_VARIABLE, GatewaySettings
from scalelab.contracts.topology import Cache
from scalelab.deployment.cache_server import answers_ping, cache_configuration
from scalelab.deployment.engines import demand_valkey
from scalelab.deployment.private_files import write_private


@dataclass(frozen=True)
class Valkey:
    """The store of the shared cache."""

    url: str
    pid: int


def start_valkey(crew: Crew, *, core: int = GENERATOR_CORE) -> Valkey:
    """As a stack configures it; returns at once, since gateways wait for it."""
    folder = crew.folder / "valkey"
    folder.mkdir()
    socket = folder / "s"
    file = folder / "conf"
    file.write_text(cache_configuration(Cache(), socket, folder))
    pid = crew.start("valkey", [str(demand_valkey().path), str(file)], core=core)
    while not answers_ping(socket):  # the bench as a whole is bounded in time
        pass
    return Valkey(f"unix://{socket}", pid)


def start_gateway(
    crew: Crew,
    upstream: str,
    valkey: Valkey,
    tokens: Tokens,
    *,
    core: int,
    access_sample_ratio: float = 0.0,
    changed: Mapping[str, object] | None = None,
) -> Contestant:
    """Start it with `changed` settings; without access lines unless asked for, as the peers run."""
    port = free_port()
    log = f"gateway-{port}"
    values = GatewaySettings(
        instance="api_gateway-1",
        stack_nonce=log,
        listen=f"127.0.0.1:{port}",
        admin_listen=f"127.0.0.1:{free_port()}",
        database_url=upstream,
        microservice_url=upstream,
        cache_url=valkey.url,
        queue_url="memory:",
        task_result_ttl_s=60,
        upstream_slots=0,
        slot_wait_timeout_s=10,
        upstream_timeout_s=10,
        cache_ttl_s=MAX_AGE_S,
        access_sample_ratio=access_sample_ratio,
        token_algorithm=tokens.algorithm,
        token_lifetime_s=MAX_AGE_S,
        clock_leeway_s=30,
        token_issuer=ISSUER,
        token_audience=AUDIENCE,
        signing_key_file=tokens.key_file,
    )
    settings = values.model_copy(update=dict(changed or {}))
    file = crew.folder / f"{log}.json"
    write_private(file, settings.model_dump_json(exclude_unset=True).encode())
    command = [sys.executable, "-P", "-m", "scalelab.stack.api_gateway"]
    pid = crew.start(log, command, core=core, environment={SETTINGS_FILE_VARIABLE: str(file)})
    url = f"http://127.0.0.1:{port}"
    crew.wait_until_answered(log, f"{url}/data?key=1", token=tokens.first)
    return Contestant("gateway", url, (pid,))
