"""A service behind a gateway that reads by the letter, keeps every byte, and answers as it is told."""

import re
import socketserver
import threading
import time
from contextlib import contextmanager, suppress

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
USUAL_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class RawService(socketserver.ThreadingTCPServer):
    """`answers` are by path; `received` are the bytes of each connection, `whole` the whole messages."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received = []
        self.whole = []
        self.answers = {}
        self.in_two_parts = {}
        """With a moment between them; the connection is kept."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def forget(self):
        self.received.clear()
        self.whole.clear()

    def seen(self):
        return b"".join(bytes(kept) for kept in self.received).lower()


class _Handler(socketserver.StreamRequestHandler):
    server: RawService

    def handle(self):
        kept = bytearray()
        self.server.received.append(kept)
        with suppress(ConnectionError, ValueError):
            while head := self._head(kept):
                self._body(kept, head)
                self.server.whole.append(head)
                path = head.split(b" ")[1].decode()
                if path in self.server.in_two_parts:
                    first, rest = self.server.in_two_parts[path]
                    self.wfile.write(first)
                    time.sleep(0.02)
                    self.wfile.write(rest)
                    continue
                self.wfile.write(self.server.answers.get(path, USUAL_ANSWER))
                if path in self.server.answers:
                    return

    def _head(self, kept):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return b""
            head += line
            kept += line
        return head

    def _body(self, kept, head):
        length = _LENGTH.search(head)
        if b"\r\ntransfer-encoding: chunked\r\n" not in head.lower():
            kept += self.rfile.read(int(length[1])) if length else b""
            return
        while True:
            line = self.rfile.readline()
            size = int(line, 16)
            kept += line + self.rfile.read(size)
            if size:
                kept += self.rfile.readline()
                continue
            while (line := self.rfile.readline()) not in {b"\r\n", b""}:
                kept += line
            return


@contextmanager
def raw_service():
    server = RawService()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
