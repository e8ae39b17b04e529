"""Workers that are not what they should be: scripted ones, to which a plan must not be sent."""

import asyncio
import threading

import pytest
from aiohttp import web

from scalelab import __version__
from scalelab.lab.load.processes import WorkerFailedError
from scalelab.lab.load.workers.addresses import WorkerAddress, Workers
from scalelab.lab.load.workers.messages import NONCE_HEADER, PATH, PROOF_HEADER, Refusal, Welcome
from scalelab.lab.load.workers.trust import make_certificate, proof_of

pytestmark = pytest.mark.integration

SECRET = "a-secret-that-is-known-to-two-of-us-only"


class ScriptedWorker:
    """Greets as `greet` says, from the coordinator's request and its own certificate; keeps what it is sent."""

    def __init__(self, greet):
        self._greet = greet
        self._certificate = make_certificate()
        self.received = []
        self.asked = []

    async def serve(self, ready, ended):
        app = web.Application()
        app.router.add_get(PATH, self._talk)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._certificate.context)
        await site.start()
        self.address = WorkerAddress(host="127.0.0.1", port=runner.addresses[0][1])
        ready.set()
        await asyncio.to_thread(ended.wait)
        await runner.cleanup()

    async def _talk(self, request):
        self.asked.append(dict(request.headers))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for message in self._greet(request.headers[NONCE_HEADER], self._certificate.fingerprint):
            await socket.send_str(message.model_dump_json())
        async for message in socket:
            self.received.append(message.data)
            await socket.send_str(Refusal(reason="scripted to the end").model_dump_json())
        return socket


@pytest.fixture
def start_scripted():
    ended, threads = threading.Event(), []

    def start(greet):
        worker, ready = ScriptedWorker(greet), threading.Event()
        threads.append(threading.Thread(target=lambda: asyncio.run(worker.serve(ready, ended))))
        threads[-1].start()
        assert ready.wait(20)
        return worker

    yield start
    ended.set()
    for thread in threads:
        thread.join()


def refusal_of(worker, measure):
    with pytest.raises(WorkerFailedError) as refused:
        measure("http://127.0.0.1:9/", workers=Workers((worker.address,), SECRET))
    return str(refused.value)


def test_a_worker_of_another_version_is_sent_no_plan(start_scripted, measure):
    """Both versions are named."""
    worker = start_scripted(
        lambda nonce, fingerprint: [Welcome(version="0.0.1", proof=proof_of(SECRET, "worker", nonce, fingerprint))]
    )

    reason = refusal_of(worker, measure)

    assert f"load worker {worker.address}: it runs version 0.0.1, this is {__version__}" in reason
    assert worker.received == []


@pytest.mark.parametrize(
    "prove",
    [
        lambda _nonce, _fingerprint: "",
        lambda nonce, fingerprint: proof_of("a guess", "worker", nonce, fingerprint),
        lambda nonce, _fingerprint: proof_of(SECRET, "worker", nonce, b"of another connection"),
        lambda nonce, fingerprint: proof_of(SECRET, "coordinator", nonce, fingerprint),
    ],
    ids=["nothing", "a guess", "passed on", "sent back"],
)
def test_an_impostor_is_sent_no_plan(start_scripted, measure, prove):
    """It may have the coordinator's proof, and does not get the secret by it, nor the plan."""
    worker = start_scripted(
        lambda nonce, fingerprint: [Welcome(version=__version__, proof=prove(nonce, fingerprint))]
    )

    reason = refusal_of(worker, measure)

    assert "it has another secret" in reason
    assert worker.received == []
    assert SECRET not in str(worker.asked)
    assert worker.asked[0][PROOF_HEADER]


def test_something_else_that_listens_there_is_told(start_scripted, measure):
    """In one line, whatever it says."""
    worker = start_scripted(lambda *_: [Refusal.model_construct(kind="hello", reason="")])

    assert refusal_of(worker, measure).endswith("it does not speak as a load worker does")
    assert worker.received == []


def test_a_worker_that_proves_itself_is_sent_the_plan(start_scripted, measure):
    """And its refusal is told in its words."""
    worker = start_scripted(
        lambda nonce, fingerprint: [
            Welcome(version=__version__, proof=proof_of(SECRET, "worker", nonce, fingerprint))
        ]
    )

    assert "scripted to the end" in refusal_of(worker, measure)
    assert '"http://127.0.0.1:9/"' in worker.received[0]
