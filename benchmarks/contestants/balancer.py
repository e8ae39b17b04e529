"""Our balancer service with any engine, in front of two fast upstreams."""

import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from benchmarks.contestants.base import Contestant
from benchmarks.processes import Crew, free_port
from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import SETTINGS_FILE_VARIABLE, BalancerSettings
from scalelab.contracts.topology import BalancerEngine, LoadBalancer
from scalelab.deployment.private_files import write_private


def start_balancer(crew: Crew, engine: BalancerEngine, upstreams: Sequence[str], *, core: int) -> Contestant:
    """Start it; returns when it answers."""
    port = free_port()
    log = f"balancer-{port}"
    members = tuple(
        Member(name=f"api_gateway-{number}", host=str(parts.hostname), port=int(parts.port or 0))
        for number, parts in enumerate(map(urlsplit, upstreams), start=1)
    )
    shared = LoadBalancer().model_dump(exclude={"host", "port", "engine", "weights"})
    settings = BalancerSettings(
        instance="load_balancer-1",
        stack_nonce=log,
        listen=f"127.0.0.1:{port}",
        admin_listen=f"127.0.0.1:{free_port()}",
        engine=engine,
        members=members,
        control_socket=crew.folder / f"{port}.sock",
        runtime_dir=crew.folder / f"lb{port}",
        **shared,
    )
    file = crew.folder / f"{log}.json"
    write_private(file, settings.model_dump_json(exclude_unset=True).encode())
    command = [sys.executable, "-P", "-m", "scalelab.stack.load_balancer"]
    pid = crew.start(log, command, core=core, environment={SETTINGS_FILE_VARIABLE: str(file)})
    url = f"http://127.0.0.1:{port}"
    crew.wait_until_answered(log, url)
    return Contestant(f"balancer, {engine}", url, (pid,))
