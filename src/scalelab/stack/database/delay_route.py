"""The admin route that gives the database another simulated delay while it runs."""

import structlog
from aiohttp import web
from pydantic import ValidationError

from scalelab.contracts.http_names import DELAY_PATH
from scalelab.contracts.topology import Delay
from scalelab.stack.service_kit.delays import SimulatedDelay


def delay_routes(simulated: SimulatedDelay) -> list[web.RouteDef]:
    """For the admin listener, which demands the stack's nonce."""

    async def put(request: web.Request) -> web.StreamResponse:
        try:
            delay = Delay.model_validate_json(await request.read())
        except ValidationError as error:
            return web.json_response({"fault": error.errors()[0]["msg"]}, status=400)
        simulated.change(delay)
        structlog.get_logger().info("delay_changed", mean_s=delay.mean_s)
        return web.json_response({"mean_s": delay.mean_s})

    return [web.put(DELAY_PATH, put)]
