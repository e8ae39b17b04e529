"""Checks passwords against Argon2 hashes in a few threads, off the event loop. Never logs either.

An unknown user is checked against a hash that nobody's password has, made with the parameters of the last real one,
so that neither time nor answer tells known from unknown.
"""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import Parameters, PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

THREADS = 2
MAX_WAITING = 64
"""Checks under way or waiting; beyond them a login is told to come back."""


class PasswordChecks:
    """A bounded number of checks at a time."""

    def __init__(self, threads: int = THREADS, max_waiting: int = MAX_WAITING) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._max_waiting = max_waiting
        self._waiting = 0
        self._decoy = ""
        self._decoy_parameters: Parameters | None = None

    async def is_right(self, password: str, password_hash: str | None) -> bool | None:
        """Whether `password` made `password_hash` (None: no such user, never right). None: too busy to say."""
        if self._waiting >= self._max_waiting:
            return None
        self._waiting += 1
        check = asyncio.get_running_loop().run_in_executor(self._executor, self._check, password, password_hash)
        check.add_done_callback(self._ended)
        return await asyncio.shield(check)  # a thread cannot be stopped: the check counts until it has ended

    def close(self) -> None:
        """Ends the threads; what waits is given up."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _ended(self, _check: asyncio.Future[bool]) -> None:
        self._waiting -= 1

    def _check(self, password: str, password_hash: str | None) -> bool:
        if password_hash is None:
            _matches(self._decoy or self._new_decoy(PasswordHasher()), password)
            return False
        is_right = _matches(password_hash, password)
        self._imitate(password_hash)
        return is_right

    def _imitate(self, password_hash: str) -> None:
        try:
            parameters = extract_parameters(password_hash)
        except InvalidHashError:
            return
        if parameters != self._decoy_parameters:
            self._new_decoy(PasswordHasher.from_parameters(parameters))
            self._decoy_parameters = parameters

    def _new_decoy(self, hasher: PasswordHasher) -> str:
        self._decoy = hasher.hash(secrets.token_hex(16))
        return self._decoy


def _matches(password_hash: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
