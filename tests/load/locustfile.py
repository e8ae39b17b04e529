"""The laboratory's users, for Locust. Drives `scalelab run`, and works on its own:

    scalelab up --detach
    scalelab status --json > /dev/shm/stack.json        # holds passwords: keep it private
    locust -f tests/load/locustfile.py --host http://127.0.0.1:PORT --accounts-file /dev/shm/stack.json \
        --headless -u 100 -r 100 -t 30s --stop-timeout 30

Every option stands in `locust -f tests/load/locustfile.py --help` under "Laboratory options", and can come from the
environment as well (`LAB_LOAD_ACCOUNTS_FILE`, `LAB_LOAD_KEYS`, ...). Passwords are read from the accounts
file only: a list of {"username", "password"}, or what `scalelab status --json` prints.
"""

from locust import events

from scalelab.lab.load.locust_users import LaboratoryUser, register

__all__ = ["LaboratoryUser"]

register(events)
