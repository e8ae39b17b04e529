"""The server that makes load for coordinators on other machines: proves who it is, takes on work, or says why not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import AF_INET, AF_INET6, create_server

from aiohttp import web
from pydantic import ValidationError

from scalelab import __version__
from scalelab.lab.load.connector import UnresolvedError, resolve
from scalelab.lab.load.generator_messages import Order
from scalelab.lab.load.workers.addresses import WorkerAddress
from scalelab.lab.load.workers.limits import WorkerLimits
from scalelab.lab.load.workers.messages import (
    HEARTBEAT_S,
    MOST_BYTES,
    NONCE_HEADER,
    PATH,
    PROOF_HEADER,
    Assignment,
    Refusal,
    Welcome,
)
from scalelab.lab.load.workers.occupancy import Occupancy
from scalelab.lab.load.workers.relay import relay
from scalelab.lab.load.workers.trust import Certificate, is_proven, make_certificate, proof_of

_ASSIGNMENT_LIMIT_S = 30.0
_SHUTDOWN_LIMIT_S = 1.0


class LoadWorker:
    """Serves one load at a time.

    Args:
        secret: what coordinators have to know; empty: nothing.
        limits: of what it lets itself be asked for.
        tell: hears a line about each coordinator.
    """

    def __init__(self, secret: str, limits: WorkerLimits, tell: Callable[[str], None]) -> None:
        self._secret = secret
        self._occupancy = Occupancy(limits)
        self._tell = tell
        self._certificate: Certificate = make_certificate()

    @asynccontextmanager
    async def listening(self, address: WorkerAddress) -> AsyncIterator[WorkerAddress]:
        """Serve while the context is open; gives the address with the port as it is.

        Raises:
            OSError: nobody can listen there.
        """
        family = AF_INET6 if ":" in address.host else AF_INET
        listener = create_server((address.host, address.port), family=family)
        app = web.Application()
        app.router.add_get(PATH, self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_LIMIT_S)
        await runner.setup()
        try:
            await web.SockSite(runner, listener, ssl_context=self._certificate.context).start()
            yield WorkerAddress(host=address.host, port=listener.getsockname()[1])
        finally:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        nonce, proof = request.headers.get(NONCE_HEADER, ""), request.headers.get(PROOF_HEADER, "")
        fingerprint = self._certificate.fingerprint
        if not is_proven(proof, self._secret, "coordinator", nonce, fingerprint):
            self._tell(f"{request.remote} was refused: it has another secret")
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MOST_BYTES, compress=False)
        await socket.prepare(request)
        own_proof = proof_of(self._secret, "worker", nonce, fingerprint)
        await socket.send_str(Welcome(version=__version__, proof=own_proof).model_dump_json())
        if refusal := await self._work_for(socket, str(request.remote)):
            self._tell(f"{request.remote} was refused: {refusal}")
            await socket.send_str(Refusal(reason=refusal).model_dump_json())
        await socket.close()
        return socket

    async def _work_for(self, socket: web.WebSocketResponse, coordinator: str) -> str:
        """Why not; empty when it was done, or the coordinator went away."""
        try:
            assignment = Assignment.model_validate_json(await socket.receive_str(timeout=_ASSIGNMENT_LIMIT_S))
        except ValidationError:  # its text may hold secrets
            return "it was sent no load plan of its version"
        except (TypeError, TimeoutError):  # closed, or silent
            return ""
        if objection := self._occupancy.objection_to(assignment):
            return objection
        with self._occupancy.held(assignment):
            plan = assignment.plan
            origins = {template.target.origin for template in plan.requests}
            try:
                addresses = await asyncio.to_thread(resolve, origins)
            except UnresolvedError as error:
                return str(error)
            self._tell(
                f"{coordinator} has process {assignment.part + 1} of {plan.processes} for {plan.duration_s:g} s"
            )
            await relay(socket, Order(plan=plan, addresses=tuple(addresses.items()), part=assignment.part))
        return ""
