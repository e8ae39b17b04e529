"""Locust users who never think, as fast as FastHttpUser goes. Read by Locust alone."""

from locust import FastHttpUser, task


class Hasty(FastHttpUser):
    """Asks for the same thing again and again."""

    @task
    def ask(self) -> None:
        """One request."""
        self.client.get("/data?key=1", name="data")
