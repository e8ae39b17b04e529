"""One request on its way: a member is chosen and asked, perhaps another one after it, and the answer passed on.

Never sends a request again that a member may have acted on, and never to a member that had it before.
"""

from http import HTTPStatus
from time import monotonic

import structlog

from scalelab.stack.load_balancer.python_engine.attempt import Attempt
from scalelab.stack.load_balancer.python_engine.attempts import (
    FAULTS_OF_THE_MEMBER,
    REPEATED_METHODS,
    Outcome,
    may_try_again,
)
from scalelab.stack.load_balancer.python_engine.body_pace import BodyPace
from scalelab.stack.load_balancer.python_engine.member_side import MemberSide
from scalelab.stack.load_balancer.python_engine.own_answers import ANSWERS, CLIENT_GONE, own_answer
from scalelab.stack.load_balancer.python_engine.parties import Client
from scalelab.stack.load_balancer.python_engine.pool import PooledMember
from scalelab.stack.load_balancer.python_engine.request_body import RequestBody
from scalelab.stack.load_balancer.python_engine.traffic import TUNNEL_TIMEOUT_S, Traffic
from scalelab.stack.load_balancer.python_engine.wire.body_framing import BadFraming
from scalelab.stack.load_balancer.python_engine.wire.received_answer import SWITCHING_PROTOCOLS, ReceivedAnswer
from scalelab.stack.load_balancer.python_engine.wire.received_request import ReceivedRequest
from scalelab.stack.load_balancer.python_engine.wire.websocket_frames import SERVICE_RESTART_FRAME, FrameBorders


class Relay:
    """Made for each request; `begin` starts it. Closes its books exactly once, whatever happens."""

    __slots__ = (
        "_attempt",
        "_began_s",
        "_client",
        "_connection",
        "_frames",
        "_is_last",
        "_is_noted",
        "_is_paused",
        "_pace",
        "_replays",
        "_status",
        "_traffic",
        "_tried",
        "body",
        "is_head_request",
        "is_over",
        "knows_chunks",
        "request",
    )

    def __init__(self, client: Client, request: ReceivedRequest, traffic: Traffic, *, is_last: bool) -> None:
        self.request = request
        self.body = RequestBody(request.fields.body, may_be_repeated=request.method in REPEATED_METHODS)
        self.is_head_request = request.method == b"HEAD"
        self.knows_chunks = not request.is_old
        self.is_over = False
        self._frames: FrameBorders | None = None  # of what the client is sent in a tunnel
        self._is_last = is_last
        self._is_noted = False
        self._is_paused = False  # by the member, which does not take what the client sends
        self._client = client
        self._traffic = traffic
        self._tried: list[PooledMember] = []
        self._replays = 0
        self._attempt: Attempt | None = None
        self._connection: MemberSide | None = None
        """To the member that was sent the request."""
        self._status = 0
        """Of the answer that the client is being given."""
        self._began_s = monotonic()
        self._pace = BodyPace(self._began_s, 0)

    def __repr__(self) -> str:
        return f"<relay of {self.request}, at {self._attempt and self._attempt.member.name}>"

    @property
    def is_tunnel(self) -> bool:
        """Whether bytes pass both ways, and nobody here knows what they mean."""
        return self._frames is not None

    @property
    def takes_bytes(self) -> bool:
        """Whether what the client sends next belongs to this request."""
        return self.is_tunnel or not self.body.is_complete

    # --- what the client does -----------------------------------------------------------------------------------
    def begin(self, data: bytes) -> bytes:
        """Take the request in hand, with what came behind its head; what lies behind the request is given back."""
        self._traffic.records.begin()
        self._traffic.replays.bring()
        if data and not self.body.is_complete:
            try:
                data = self.body.feed(data)
            except BadFraming:
                self._answer(Outcome.BAD_REQUEST)
                return b""
        self._try(Outcome.NOBODY_UP)
        return data

    def take(self, data: bytes) -> bytes:
        """More of the body, or of the tunnel; what lies behind it is given back."""
        connection = self._connection
        if self.is_tunnel and connection is not None:
            self._client.await_within(TUNNEL_TIMEOUT_S)
            connection.write(data)
            return b""
        try:
            data = self.body.feed(data)
        except BadFraming:
            self._fail(Outcome.BAD_REQUEST)
            return b""
        if self.body.is_complete:
            self._client.await_within(self._traffic.response_timeout_s)
        if connection is not None:
            connection.write(self.body.given_out())
        elif self.body.is_too_much:
            self._client.pause_reading(is_paused=True)
        return data

    def client_ends(self) -> bool:
        """The client has said all; whether its connection stays open for what the other end still says."""
        if self.is_tunnel and self._connection is not None:
            self._connection.write_end()
        return self.is_tunnel

    def client_goes(self) -> None:
        """The client has gone: nobody wants the answer."""
        self._end(CLIENT_GONE)

    def client_pauses(self, *, is_paused: bool) -> None:
        """The client does not take more for now, or takes more again."""
        if self._connection is not None:
            self._connection.pause_reading(is_paused=is_paused)

    def expire(self) -> None:
        """Nothing came for too long, or it is time to look how a body comes on."""
        if self.is_tunnel or self.body.is_complete or self._is_paused or self._connection is None:
            self._fail(Outcome.TIMED_OUT)
        elif self._pace.is_too_slow(monotonic(), self.body.came_bytes):
            self._fail(Outcome.CLIENT_TOO_SLOW)
        else:
            self._await_body()

    def break_off(self) -> None:
        """The time of its member is over. A WebSocket is told so, if nothing else is just being said."""
        if self._frames is not None and self._frames.may_be_closed:
            self._client.write(SERVICE_RESTART_FRAME)
            self._complete()
        else:
            self._fail(Outcome.BROKEN_OFF)

    def _await_body(self) -> None:
        self._pace = BodyPace(monotonic(), self.body.came_bytes)
        self._client.await_within(self._traffic.body_timeout_s)

    # --- attempts -----------------------------------------------------------------------------------------------
    def _try(self, otherwise: Outcome) -> None:
        member = self._traffic.pool.choose(self.request, self._tried)
        if member is None:
            self._answer(otherwise)
            return
        self._tried.append(member)
        self._client.await_within(self._traffic.response_timeout_s)
        self._attempt = attempt = Attempt(self._traffic, member, self)
        attempt.start(self._send, lambda: self._fail(Outcome.NOT_REACHED))

    def _send(self, connection: MemberSide) -> None:
        self._connection = connection
        head = self.request.head_for_member(self._client.address)
        if not self.request.fields.body:
            connection.ask(self, head)
            return
        connection.ask(self, head + self.body.given_out())
        self._client.pause_reading(is_paused=False)
        if not self.body.is_complete:
            self._await_body()

    def _fail(self, outcome: Outcome) -> None:
        if self.is_over:
            return
        self._end_attempt(has_failed=True if outcome in FAULTS_OF_THE_MEMBER else None)
        if self._status:
            self._end(self._status)
            self._client.abort()
        elif may_try_again(
            outcome,
            self.request.method,
            is_body_whole=self.body.can_be_repeated,
            replays=self._replays,
            connects=len(self._tried),
        ) and (outcome is Outcome.NOT_REACHED or self._traffic.replays.spend()):
            self._replays += outcome is not Outcome.NOT_REACHED
            self.body.take_back()
            self._try(outcome if outcome is Outcome.NOT_REACHED else Outcome.NOBODY_ELSE)
        else:
            self._answer(outcome)

    def _end_attempt(self, *, has_failed: bool | None) -> None:
        attempt, self._attempt, self._connection = self._attempt, None, None
        if attempt is not None:
            attempt.end(is_request_sent=self.body.is_sent, has_failed=has_failed)

    # --- what the member does -----------------------------------------------------------------------------------
    def takes_interim(self, answer: ReceivedAnswer) -> bool:
        """See `Asker`. The only one that changes anything is the one that begins a tunnel."""
        if answer.status == SWITCHING_PROTOCOLS:
            tunnel = self.request.fields.tunnel
            if not tunnel or answer.upgrade.lower() != tunnel.lower():
                return False
            self._frames = FrameBorders()
            self._status = SWITCHING_PROTOCOLS
            self._client.await_within(TUNNEL_TIMEOUT_S)
            self._note(SWITCHING_PROTOCOLS)
            if self._connection is not None:
                self._connection.write(self._client.take_waiting())
        elif self.request.is_old:  # it knows of none
            return True
        self._client.write(answer.interim_head())
        return True

    def takes(self, answer: ReceivedAnswer, piece: bytes, *, is_complete: bool) -> None:
        """See `Asker`."""
        self._status = answer.status
        if self._traffic.is_stopping or not self.body.is_complete:
            self._is_last = True
        head = answer.head_for_client(self.request.request_id, is_old=self.request.is_old, is_last=self._is_last)
        self._client.write(head + piece if piece else head)
        if is_complete:
            self._complete()
        else:
            self._client.await_within(self._traffic.response_timeout_s)

    def takes_more(self, piece: bytes, *, is_complete: bool) -> None:
        """See `Asker`."""
        if piece:
            self._client.write(piece)
        if is_complete:
            self._complete()
        elif self._frames is not None:
            self._frames.feed(piece)
            self._client.await_within(TUNNEL_TIMEOUT_S)
        else:
            self._client.await_within(self._traffic.response_timeout_s)

    def loses(self, *, has_any_byte: bool) -> None:
        """See `Asker`."""
        self._fail(Outcome.BAD_ANSWER if has_any_byte else Outcome.NO_ANSWER)

    def pauses(self, *, is_paused: bool) -> None:
        """See `Asker`."""
        if is_paused and not self.takes_bytes:
            return
        self._is_paused = is_paused
        self._client.pause_reading(is_paused=is_paused)
        if is_paused or self.body.is_complete:
            self._client.await_within(TUNNEL_TIMEOUT_S if self.is_tunnel else self._traffic.response_timeout_s)
        else:
            self._await_body()

    # --- the end ------------------------------------------------------------------------------------------------
    def _answer(self, outcome: Outcome) -> None:
        status, detail = ANSWERS[outcome]
        request_id = self.request.request_id
        structlog.get_logger().warning("not_forwarded", outcome=outcome.name.lower(), request_id=request_id.decode())
        is_last = self._is_last or self._traffic.is_stopping or not self.body.is_complete
        self._client.write(
            own_answer(status, request_id, detail, is_head_request=self.is_head_request, is_last=is_last)
        )
        self._end(status.value)
        self._client.is_answered(is_last=is_last)

    def _complete(self) -> None:
        is_last = self._is_last or self.is_tunnel or not self.body.is_complete
        self._end_attempt(has_failed=self._status >= HTTPStatus.INTERNAL_SERVER_ERROR)
        self._end(self._status)
        self._client.is_answered(is_last=is_last)

    def _end(self, status: int) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._end_attempt(has_failed=None)
        self._note(status)

    def _note(self, status: int) -> None:
        if self._is_noted:
            return
        self._is_noted = True
        self._traffic.note(self.request, status, monotonic() - self._began_s)
