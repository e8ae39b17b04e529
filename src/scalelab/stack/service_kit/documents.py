"""What every service says in JSON of a fault, and of itself. Pure, and without a framework: balancers say it, too."""

from http import HTTPStatus

from scalelab.contracts.service_settings import ServiceSettings
from scalelab.contracts.stack_identity import stack_identity


def problem_document(status: int, request_id: str, detail: str = "") -> dict[str, object]:
    """The body of an error (RFC 9457); the status gives the title."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "request_id": request_id,
    }
    return {**document, "detail": detail} if detail else document


def health_document(settings: ServiceSettings, status: str) -> dict[str, str]:
    """The body of an admin listener's answer on health."""
    return {"status": status, "instance": settings.instance, "stack": stack_identity(settings.stack_nonce)}
