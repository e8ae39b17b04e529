"""The users of a Locust run: log in before the clock, think, ask, look at the answer. Runs inside Locust only.

No request is sent at or after the end of the load; one on its way is waited for, and counted.
"""

import sys
from typing import Any, ClassVar

from locust import FastHttpUser, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner
from pydantic import ValidationError

from scalelab.contracts.http_names import CACHE_HEADER, INSTANCE_HEADER, REQUEST_ID_HEADER
from scalelab.lab.load.locust_accounts import AccountsError
from scalelab.lab.load.locust_acts import Act
from scalelab.lab.load.locust_answers import GOOD, Judgement, judge_answer, judge_error
from scalelab.lab.load.locust_master import MasterSession
from scalelab.lab.load.locust_options import UserBehaviour, add_options, behaviour_of
from scalelab.lab.load.locust_outlets import SHARE_MESSAGE, MasterOutlet, Share
from scalelab.lab.load.locust_session import LoadSession
from scalelab.lab.system_client import SystemAnswerError

CONNECT_TIMEOUT_S = 10.0
KEYS_EXHAUSTED = "every key was asked for"


class LaboratoryUser(FastHttpUser):
    """One user: a connection of its own, one request at a time."""

    session: ClassVar[LoadSession]
    concurrency = 1
    connection_timeout = CONNECT_TIMEOUT_S

    def on_start(self) -> None:
        """Tokens are shared round robin."""
        self._subject, token = self.session.next_identity()
        self._headers = {"Authorization": f"Bearer {token}"}

    def wait_time(self) -> float:
        """Think time."""
        return self.session.think_time_s()

    @task
    def ask(self) -> None:
        """One request, unless the load is over."""
        session = self.session
        if not session.recorder.can_send():
            raise StopUser
        key = session.next_key()
        if key is None:
            session.recorder.leave_out(KEYS_EXHAUSTED)
        else:
            self._ask_for(session.next_route(), key)

    def _ask_for(self, route: str, key: int) -> None:
        recorder = self.session.recorder
        act = self.session.acts.act(route, key, self._subject)
        asked_s = recorder.elapsed_s()
        flight = recorder.send(route)  # stays in flight when Locust ends this user at the drain limit
        with self.client.request(
            act.method,
            act.path,
            name=route,
            headers={**self._headers, **act.headers},
            data=act.body,
            catch_response=True,
        ) as response:
            judgement = _judge(response, act, asked_s, recorder.elapsed_s())
            if judgement == GOOD:
                headers = response.headers or {}
                recorder.complete(flight, headers.get(CACHE_HEADER, ""), headers.get(INSTANCE_HEADER, ""))
                return
            if judgement.outcome == "timed_out":
                recorder.time_out(flight, judgement.kind)
            else:
                recorder.fail(flight, judgement.kind, is_generator_fault=judgement.is_generator_fault)
            if judgement.defect:
                recorder.note_defect(judgement.defect, _example(response, act))
            response.failure(judgement.kind)


def register(events: Any) -> None:
    """Make Locust's `events` know our options and start a session; to be called once by a locustfile."""
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(_start_session)


def _start_session(environment: Environment, **_: object) -> None:
    options = environment.parsed_options
    try:
        assert options is not None
        behaviour = behaviour_of(options)
        if isinstance(environment.runner, MasterRunner):
            _start_master(environment, behaviour)
            return
        if isinstance(environment.runner, WorkerRunner):
            session = _start_worker(environment, behaviour)
        else:
            session = LoadSession(environment, behaviour, float(options.run_time or 0))
        _take_up(session)
        session.attach()
        if environment.host:
            session.log_in()
    except (ValidationError, AccountsError, SystemAnswerError) as error:
        print(error, file=sys.stderr)  # noqa: T201  Locust would print a traceback
        sys.exit(2)


def _start_master(environment: Environment, behaviour: UserBehaviour) -> None:
    if behaviour.load_duration_s <= 0:
        print("several Locust processes need an end that all know: give --load-duration-s", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    MasterSession(environment, behaviour).attach()


def _start_worker(environment: Environment, behaviour: UserBehaviour) -> LoadSession:
    """A session whose share comes from the master, and whose books go there. Its accounts are its own."""
    runner: Any = environment.runner
    outlet = MasterOutlet(runner)
    session = LoadSession(environment, behaviour, 0.0, outlet)

    def hear(msg: Any, **_: object) -> None:
        share = Share.model_validate_json(msg.data)
        own = {"accounts_file": behaviour.accounts_file, "recording_dir": ""}
        outlet.part = share.part
        session.take_share(share.behaviour.model_copy(update=own), share.part, share.parts)
        _take_up(session)

    runner.register_message(SHARE_MESSAGE, hear)
    return session


def _take_up(session: LoadSession) -> None:
    LaboratoryUser.session = session
    LaboratoryUser.network_timeout = session.behaviour.answer_timeout_s


def _judge(response: Any, act: Act, asked_s: float, answered_s: float) -> Judgement:
    error = getattr(response, "error", None) or response.request_meta["exception"]
    if response.status_code == 0 and error is not None:
        return judge_error(error)
    fields = {name.lower().encode(): value.encode() for name, value in (response.headers or {}).items()}
    return judge_answer(
        response.status_code,
        act.status,
        lambda: act.judge(asked_s, answered_s, fields, response.content or b""),
    )


def _example(response: Any, act: Act) -> str:
    """Enough to find the request in the logs. Neither token nor body."""
    request_id = (response.headers or {}).get(REQUEST_ID_HEADER, "?")
    return f"{act.method} {act.path}, request id {request_id}"
