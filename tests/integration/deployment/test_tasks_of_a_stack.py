"""Long tasks of a whole stack, as a user and an operator meet them: HAProxy, gateway, worker, command line."""

import json
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from rabbitmq_server import PASSWORD, rabbitmq  # noqa: F401  a fixture

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture
def stack(home):
    """A stack whose worker gives up at the first failure."""
    settings = ("--set", "database.records=100", "--set", "worker.max_retries=0")
    assert home.scalelab("up", "--detach", *settings).returncode == 0
    return home


@pytest.fixture
def stack_on_rabbitmq(home, rabbitmq):  # noqa: F811
    """The same; RabbitMQ brings the messages."""
    settings = {
        "database.records": "100",
        "worker.max_retries": "0",
        "worker.broker": "rabbitmq",
        "worker.broker_url": rabbitmq.url.replace("tester@", f"tester:{PASSWORD}@"),
    }
    started = home.scalelab("up", "--detach", *(f"--set={name}={value}" for name, value in settings.items()))
    assert started.returncode == 0, started.stderr
    return home


class Client:
    """A user of the stack, through the balancer."""

    def __init__(self, view):
        self._address = urlsplit(view["url"]).netloc
        self._fields = {}
        answer = self.ask("POST", "/login", view["login"])
        self._fields = {"Authorization": f"Bearer {answer['access_token']}"}

    def ask(self, method, path, document=None):
        connection, answer = self.open(method, path, document)
        try:
            return json.loads(answer.read())
        finally:
            connection.close()

    def open(self, method, path, document=None, **fields):
        connection = HTTPConnection(self._address, timeout=20)
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"} | self._fields | fields)
        answer = connection.getresponse()
        assert answer.status < HTTPStatus.BAD_REQUEST, answer.read()
        return connection, answer


def listened(user):
    """The views of a task as HAProxy let them through; it is cancelled when the first progress has been heard of."""
    task = user.ask("POST", "/longtask", {"duration_s": 20, "count": 100})
    connection, stream = user.open("GET", f"/longtask/{task['id']}/events", Accept="text/event-stream")
    views = []
    for line in stream:
        if line.startswith(b"data: "):
            views.append(json.loads(line.removeprefix(b"data: ")))
            if views[-1]["progress"] > 0 and views[-1]["state"] == "running":
                user.ask("DELETE", f"/longtask/{task['id']}")
    connection.close()
    return views


def test_dead_letters_on_the_command_line_and_progress_through_the_balancer(stack, eventually):
    """Listed, tried again, dropped; what cannot be done is one line. Events come through HAProxy as they happen."""
    user = Client(stack.status())
    task = user.ask("POST", "/longtask", {"duration_s": 0, "fail_attempts": 9})

    def is_dead():
        return user.ask("GET", f"/longtask/{task['id']}")["state"] == "dead"

    assert eventually(is_dead, 20.0)
    shown = stack.scalelab("tasks", "list")
    listed = json.loads(stack.scalelab("tasks", "list", "--json").stdout)["dead_letters"]
    retried = stack.scalelab("tasks", "retry", task["id"], "--json")
    assert eventually(is_dead, 20.0)
    dropped = stack.scalelab("tasks", "drop", "--all", "--stack", "default")
    again = stack.scalelab("tasks", "drop", task["id"])

    told = listened(user)

    assert told[0]["state"] in {"queued", "running"}
    assert told[-1]["state"] == "cancelled"  # so the events before it had come while the task ran
    assert 0 < max(view["progress"] for view in told) < 1
    assert task["id"] in shown.stdout
    assert "attempt 1 of 9 that fail on purpose" in shown.stdout
    assert [(letter["id"], letter["subject"]) for letter in listed] == [(task["id"], task["subject"])]
    assert retried.returncode == 0
    [done] = json.loads(retried.stdout)["done"]
    assert (done["id"], done["subject"], done["state"]) == (task["id"], task["subject"], "queued")
    assert (dropped.returncode, dropped.stdout) == (0, f"task {task['id']} of {task['subject']}: dropped\n")
    assert again.returncode == 1
    assert again.stderr == (
        f"scalelab: task {task['id']} was not dropped: no such task: it never was, has expired, or was dropped\n"
    )


def test_long_tasks_of_a_stack_whose_broker_is_rabbitmq(stack_on_rabbitmq, eventually):
    """One is done, one is cancelled, one is given up and tried again; the password is seen nowhere."""
    home = stack_on_rabbitmq
    user = Client(home.status())
    documents = [{"duration_s": 0.1}, {"duration_s": 600}, {"duration_s": 0, "fail_attempts": 1}]
    done, endless, cured = [f"/longtask/{user.ask('POST', '/longtask', asked)['id']}" for asked in documents]

    def is_now(path, state):
        return eventually(lambda: user.ask("GET", path)["state"] == state, 20.0)

    assert is_now(endless, "running")
    cancelling = user.ask("DELETE", endless)["state"]
    ends = [is_now(done, "succeeded"), is_now(endless, "cancelled"), is_now(cured, "dead")]
    retried = home.scalelab("tasks", "retry", cured.rpartition("/")[2])
    again = is_now(cured, "dead")
    shown = " ".join(" ".join(process.cmdline()) for process in home.processes())
    logs = "".join(file.read_text() for file in (home.path / "stacks" / "default").rglob("*.log"))

    assert cancelling == "cancelling"
    assert ends == [True, True, True]
    assert (retried.returncode, again) == (0, True)
    assert "worker_started" in logs
    assert "scalelab.stack.worker" in shown
    assert PASSWORD not in shown + logs
