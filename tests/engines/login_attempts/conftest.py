"""Both engines behind one face."""

import pytest
import redis.asyncio

from scalelab.stack.api_gateway.login_attempts import LocalLoginAttempts, LoginLimits, SharedLoginAttempts

LIMITS = LoginLimits(per_account=3, per_peer=5, window_s=60.0)
PATIENT_S = 5.0


@pytest.fixture(params=["local", "shared"])
async def attempts(request):
    """Each engine in turn, without any count."""
    if request.param == "local":
        yield LocalLoginAttempts(LIMITS)
        return
    request.getfixturevalue("server")
    path = request.getfixturevalue("valkey_socket")
    client = redis.asyncio.Redis(unix_socket_path=str(path), decode_responses=True)
    engine = SharedLoginAttempts(client, LIMITS, call_timeout_s=PATIENT_S)
    yield engine
    await engine.aclose()
