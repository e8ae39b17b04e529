"""Clients in threads, for as long as a test lets them."""

import threading


class AtWork:
    """Runs `work(number)` of a subclass in so many threads; it returns soon after `stopped` is set."""

    def __init__(self, count):
        self.stopped = threading.Event()
        self._threads = [threading.Thread(target=self.work, args=(number,)) for number in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception):
        self.stopped.set()
        for thread in self._threads:
            thread.join()
