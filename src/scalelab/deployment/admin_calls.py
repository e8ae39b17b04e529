"""One request to the admin listener of a service of a running stack."""

import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from scalelab.contracts.http_names import STACK_NONCE_HEADER

LIMIT_S = 10.0


def ask_admin(
    admin_url: str, nonce: str, method: str, path: str, body: Mapping[str, object] | None = None
) -> tuple[int, dict[str, object]]:
    """Status and document; an empty one where the answer is no JSON object.

    Raises:
        OSError, http.client.HTTPException, ValueError: no answer, or none that can be understood.
    """
    address = urlsplit(admin_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=LIMIT_S)
    try:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {STACK_NONCE_HEADER: nonce})
        response = connection.getresponse()
        document = json.loads(response.read())
    finally:
        connection.close()
    return response.status, document if isinstance(document, dict) else {}
