"""The configuration as text: one golden file, and HAProxy's own opinion of it."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.base import EngineMissing
from scalelab.stack.load_balancer.haproxy import configuration
from scalelab.stack.load_balancer.haproxy.binary import haproxy_binary
from scalelab.stack.load_balancer.haproxy.configuration import Binds, Machine, haproxy_configuration
from scalelab.stack.load_balancer.haproxy.server import Server

GOLDEN = Path(__file__).with_name("golden.cfg")
LUA = Path(configuration.__file__).with_name("hop_by_hop.lua")
SETTINGS = BalancerSettings(
    instance="load_balancer-1",
    stack_nonce='it\'s a "nonce"\n',
    listen="fd://3",
    admin_listen="fd://4",
    engine="haproxy",
    policy="round_robin",
    members=(),
    control_socket=Path("/run/control.sock"),
    runtime_dir=Path("/run"),
    health_interval_s=0.25,
    health_fall=2,
    health_rise=1,
    connect_timeout_s=2.0,
    response_timeout_s=150.0,
    drain_timeout_s=30.0,
)
CAREFUL = SETTINGS.model_copy(update={"slow_start_s": 10.0, "max_connection_age_s": 60.0})
SERVERS = [
    Server("api_gateway-1", Member(name="api_gateway-1", host="127.0.0.1", port=8001)),
    Server("api_gateway-2", Member(name="api_gateway-2", host="::1", port=8002)),
]
BINDS = Binds(traffic="fd@3", admin="fd@4", runtime="fd@5")
MACHINE = Machine(file_limit=20_000, cores=2, lua_path="/lib/hop_by_hop.lua")


def test_golden():
    """Every byte is meant. After a change that is meant too: write the new text to golden.cfg and read the diff."""
    text = haproxy_configuration(SETTINGS, BINDS, MACHINE, SERVERS)

    assert text == GOLDEN.read_text()


@pytest.mark.parametrize(
    ("file_limit", "cores", "connections", "threads"),
    [(20_000, 2, 9872, 1), (1024, 1, 384, 1), (1_048_576, 64, 10_000, 8), (256, 4, 64, 2)],
)
def test_it_fits_the_machine(file_limit, cores, connections, threads):
    """Two files a connection, half the cores, both within limits."""
    machine = Machine(file_limit=file_limit, cores=cores, lua_path="")

    assert (machine.connections, machine.threads) == (connections, threads)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("settings", "servers"), [(SETTINGS, []), (SETTINGS, SERVERS), (CAREFUL, SERVERS)], ids=["none", "two", "careful"]
)
def test_haproxy_accepts_it(tmp_path, settings, servers):
    """Without a single warning."""
    try:
        binary = haproxy_binary()
    except EngineMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    path = tmp_path / "haproxy.cfg"
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        fds = (first.fileno(), second.fileno())
        machine = Machine(file_limit=1024, cores=2, lua_path=str(LUA))
        binds = Binds(traffic=f"fd@{fds[0]}", admin=f"fd@{fds[1]}", runtime=f"fd@{fds[1]}")
        path.write_text(haproxy_configuration(settings, binds, machine, servers))

        checked = subprocess.run(
            [binary, "-c", "-f", str(path)], capture_output=True, text=True, check=False, pass_fds=fds, timeout=20
        )

    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr


def test_the_time_for_a_check_is_the_settings_own():
    """Not the interval's: a busy gateway may answer late."""
    hasty = SETTINGS.model_copy(update={"health_interval_s": 5.0, "health_timeout_s": 0.25})

    assert "timeout check 250ms" in haproxy_configuration(hasty, BINDS, MACHINE, SERVERS)


def test_gateways_are_found_by_name(tmp_path):
    """Where nobody tells HAProxy its members: by DNS, up to 64 of them, and HAProxy agrees."""
    binds = Binds(traffic=":8080", admin=":8081", runtime=f"{tmp_path / 'haproxy.sock'} mode 600")
    machine = Machine(file_limit=1024, cores=2, lua_path=str(LUA))
    name = Member(name="api_gateway", host="api_gateway", port=8080)
    path = tmp_path / "haproxy.cfg"

    text = haproxy_configuration(SETTINGS, binds, machine, discovered=name)

    assert "server-template api_gateway- 1-64 api_gateway:8080 check inter 250ms" in text
    assert "resolvers names\n    parse-resolv-conf\n" in text
    path.write_text(text)
    checked = subprocess.run(
        [haproxy_binary(), "-c", "-f", str(path)], capture_output=True, text=True, check=False, timeout=20
    )
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr


def test_connections_end_at_their_age():
    """Give or take a tenth, drawn for each; without an age nothing is said of it."""
    text = haproxy_configuration(CAREFUL, BINDS, MACHINE, SERVERS)

    assert "set-var(sess.jitter_ms) rand(12000)" in text
    assert "add(sess.jitter_ms),add(54000)" in text
    assert "sess." not in haproxy_configuration(SETTINGS, BINDS, MACHINE, SERVERS)
