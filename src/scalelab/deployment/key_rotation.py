"""A new signing key for a running stack without a failed request, in two phases.

First every gateway verifies with the new key, then it signs. The old key verifies until its tokens have ended.
"""

import fcntl
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from scalelab.contracts.signing_keys import FIRST_KEY_NAME, ReloadedKeys, SigningKeyFile, StoredKey
from scalelab.contracts.stack_view import ServiceView
from scalelab.deployment.base import RunningStack
from scalelab.deployment.credentials import signing_key
from scalelab.deployment.errors import KeyRotationError
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.private_files import PRIVATE_MODE, write_private
from scalelab.deployment.readiness import reload_keys

TAKE_LIMIT_S = 15.0
"""Longest wait for every gateway; one that starts anew reads the file by itself."""
MARGIN_S = 60.0
"""How much longer than its tokens an old key verifies."""
_POLL_S = 0.05

Reload = Callable[[Endpoint, str], ReloadedKeys | str]


def rotate_keys(
    stack: RunningStack,
    key_file: Path,
    *,
    reload: Reload = reload_keys,
    clock_s: Callable[[], float] = time.time,
    limit_s: float = TAKE_LIMIT_S,
) -> SigningKeyFile:
    """Make a new key, have it verified everywhere, then let it sign; what stands in the file then.

    Raises:
        KeyRotationError: a gateway did not take it in time, or the file cannot be used.
        StackGoneError: the stack has ended.
    """
    gateway = stack.view().topology.api_gateway
    keep_s = gateway.token_lifetime_s + 2 * gateway.clock_leeway_s + MARGIN_S
    with _alone(key_file):
        before = read_key_file(key_file)
        new = StoredKey(name=secrets.token_hex(8), private=signing_key(gateway.token_algorithm).decode())
        announced = published(before, new, clock_s())
        _write(key_file, announced)
        _await_all(stack, lambda keys: new.name in keys.verifying, reload, limit_s)
        changed = activated(announced, new.name, clock_s() + keep_s)
        _write(key_file, changed)
        _await_all(stack, lambda keys: keys.active == new.name, reload, limit_s)
    return changed


def published(before: SigningKeyFile, new: StoredKey, now_s: float) -> SigningKeyFile:
    """With the new key, which does not sign yet; without those whose time is over."""
    kept = [key for key in before.keys if key.verify_until_s is None or key.verify_until_s > now_s]
    return SigningKeyFile(active=before.active, keys=(*kept, new))


def activated(announced: SigningKeyFile, name: str, verify_until_s: float) -> SigningKeyFile:
    """The key `name` signs; the others, unless their end is set already, verify until then."""
    keys = (
        key
        if key.name == name or key.verify_until_s is not None
        else key.model_copy(update={"verify_until_s": verify_until_s})
        for key in announced.keys
    )
    return SigningKeyFile(active=name, keys=tuple(keys))


def read_key_file(path: Path) -> SigningKeyFile:
    """The keys of a file, bare or not.

    Raises:
        KeyRotationError: unreadable, or no set of keys. The message holds nothing of a key.
    """
    try:
        content = path.read_text(encoding="latin-1")
        if not content.lstrip().startswith("{"):
            return SigningKeyFile(
                active=FIRST_KEY_NAME, keys=(StoredKey(name=FIRST_KEY_NAME, private=content.strip()),)
            )
        return SigningKeyFile.model_validate_json(content)
    except OSError as error:
        raise KeyRotationError(f"the keys in {path} cannot be read: {error.strerror}") from error
    except ValidationError:
        raise KeyRotationError(f"{path} holds no set of keys") from None


def _write(path: Path, document: SigningKeyFile) -> None:
    try:
        write_private(path, document.model_dump_json().encode())
    except OSError as error:
        raise KeyRotationError(f"{path} cannot be written: {error.strerror}") from error


@contextmanager
def _alone(key_file: Path) -> Iterator[None]:
    """One rotation at a time."""
    lock = key_file.with_name("rotation.lock")
    try:
        with lock.open("a") as file:
            lock.chmod(PRIVATE_MODE)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError:
        raise KeyRotationError("another rotation is under way: wait for its end") from None


def _await_all(
    stack: RunningStack, has_taken: Callable[[ReloadedKeys], bool], reload: Reload, limit_s: float
) -> None:
    """Return when each gateway of the stack, as it is then, has read the file."""
    deadline_s = time.monotonic() + limit_s
    while True:
        view = stack.view()
        reasons = {}
        for service in view.services:
            if service.name == "api_gateway":
                answer = reload(_admin_of(service), view.nonce)
                if isinstance(answer, str) or not has_taken(answer):
                    reasons[service.instance] = answer if isinstance(answer, str) else "it has the keys of before"
        if not reasons:
            return
        if time.monotonic() >= deadline_s:
            told = "; ".join(f"{instance}: {reason}" for instance, reason in reasons.items())
            raise KeyRotationError(f"the new key was not taken by every gateway ({told}): try again")
        time.sleep(_POLL_S)


def _admin_of(service: ServiceView) -> Endpoint:
    parts = urlsplit(service.admin_url)
    return Endpoint(parts.hostname or "", parts.port or 0)
