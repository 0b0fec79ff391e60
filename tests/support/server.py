"""A web server on this machine that does what servers do: cuts, stalls, changes a byte, knows ranges or does not."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Server(http.server.ThreadingHTTPServer):
    """Gives `files` by name. `script` says how to answer the next requests: one of HOW, with a number; then well.

    HOW: ("ok",), ("cut", bytes), ("stall", bytes), ("corrupt", place), ("status", code), ("no range",), ("drop",),
    ("html",): a page instead of the file.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.script: list[tuple[Any, ...]] = []
        self.requests: list[tuple[str, str]] = []  # path and Range
        self.etag: str | None = '"one"'
        self.released = threading.Event()

    @property
    def url(self) -> str:
        """Where it is, with a slash at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, *_: Any) -> None:
        """Clients that go away are part of the game."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range", "")
        server.requests.append((self.path, wanted))
        how, *numbers = server.script.pop(0) if server.script else ("ok",)
        content = server.files.get(self.path[1:])
        if how == "drop":
            self.close_connection = True
            return
        if how == "html":
            content = b"<html>log in first</html>"
        if content is None or how == "status":
            self.send_error(numbers[0] if numbers else 404)
            return
        if how == "corrupt":
            content = content[: numbers[0]] + bytes([content[numbers[0]] ^ 1]) + content[numbers[0] + 1 :]
        start = 0
        if_range = self.headers.get("If-Range")
        if wanted and how != "no range" and (if_range is None or if_range == server.etag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        if server.etag:
            self.send_header("ETag", server.etag)
        self.end_headers()
        body = content[start:]
        if how in ("cut", "stall"):
            body = body[: numbers[0]]
        self.wfile.write(body)
        self.wfile.flush()
        if how == "stall":
            server.released.wait(60)
        self.close_connection = True


@contextmanager
def serving() -> Iterator[Server]:
    """A running server."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
