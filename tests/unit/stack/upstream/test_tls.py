"""Services behind TLS: who is believed, who is not, and that nobody is by accident."""

import asyncio
import ipaddress

import pytest
from cryptography import x509

from own_certificate import OwnCertificate
from scalelab.stack.upstream import UpstreamAnswer, UpstreamClient
from scalelab.stack.upstream.tls import TlsError, tls_context

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return OwnCertificate(tmp_path_factory.mktemp("good"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@pytest.fixture(scope="module")
def of_another_name(tmp_path_factory):
    return OwnCertificate(tmp_path_factory.mktemp("other"), x509.DNSName("elsewhere.example"))


@pytest.fixture
async def serve():
    """`await serve(ssl_context)` gives the address of a server that answers every request with OK."""
    servers, tasks = [], []

    async def start(context):
        async def answer(reader, writer):
            tasks.append(asyncio.current_task())
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(OK)

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        servers.append(server)
        return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def asked(address, context):
    async with UpstreamClient(f"https://{address}", 5, tls=context) as client:
        return [await client.request("GET", "/") for _ in range(2)]


@pytest.mark.parametrize("by", ["pem", "file"])
async def test_a_certificate_of_who_is_believed_is_good(serve, certificate, by):
    """As text or as a file; the connection is used again."""
    context = tls_context(ca_pem=certificate.pem) if by == "pem" else tls_context(ca_file=str(certificate.file))

    assert (
        await asked(await serve(certificate.context), context)
        == [UpstreamAnswer(200, (("Content-Length", "2"),), b"ok")] * 2
    )


async def test_a_body_is_streamed_through_tls(serve, certificate):
    """As without it."""
    address = await serve(certificate.context)
    async with UpstreamClient(f"https://{address}", 5, tls=tls_context(ca_pem=certificate.pem)) as client:
        answer = await client.stream("GET", "/")
        pieces = [piece async for piece in answer.body]

    assert b"".join(pieces) == b"ok"


@pytest.mark.parametrize("believed", ["the machine's", "another"])
async def test_an_unknown_signer_is_not_believed(serve, certificate, of_another_name, believed):
    """By default what the machine believes; nothing is sent."""
    context = None if believed == "the machine's" else tls_context(ca_pem=of_another_name.pem)

    faults = await asked(await serve(certificate.context), context)

    assert [fault.kind for fault in faults] == ["untrusted"] * 2
    assert "is not believed" in faults[0].detail


async def test_a_certificate_of_another_name_is_not_believed(serve, of_another_name):
    """Though its signer is."""
    faults = await asked(await serve(of_another_name.context), tls_context(ca_pem=of_another_name.pem))

    assert [fault.kind for fault in faults] == ["untrusted"] * 2


async def test_anybody_is_believed_by_an_explicit_word_only(serve, of_another_name):
    """`is_verified=False`."""
    answers = await asked(await serve(of_another_name.context), tls_context(is_verified=False))

    assert [answer.status for answer in answers] == [200, 200]


async def test_a_service_without_tls_is_not_reached_by_it(serve):
    """And is told nothing that it could read."""
    faults = await asked(await serve(None), tls_context())

    assert [fault.kind for fault in faults] == ["unreachable"] * 2


def test_certificates_that_are_none_are_named(tmp_path):
    """Before anything is asked."""
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")

    for options, told in (
        ({"ca_pem": "nothing"}, "ca_pem"),
        ({"ca_file": str(empty)}, str(empty)),
        ({"ca_file": "/nowhere"}, "/nowhere"),
    ):
        with pytest.raises(TlsError, match=told):
            tls_context(**options)
