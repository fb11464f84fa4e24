"""A repository on this machine that behaves as Dataverse does, or misbehaves as told."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from waiting import PATIENCE_S


class Repository:
    """Its files, and what is wrong with it; ``asked`` lists what it was asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.md5 = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
        self.status = 200
        self.list_text: str | None = None
        self.cut = 0
        self.flipped = False
        self.go_on = threading.Event()
        self.go_on.set()
        self.asked: list[str] = []
        self.address = ""

    def listing(self) -> bytes:
        """The answer of the native API about a data set."""
        if self.list_text is not None:
            return self.list_text.encode()
        files = [
            {
                "dataFile": {
                    "id": number,
                    "filename": name,
                    "filesize": len(self.files[name]),
                    "checksum": {"type": "MD5", "value": self.md5[name]},
                }
            }
            for number, name in enumerate(self.files, start=1)
        ]
        return json.dumps({"status": "OK", "data": {"latestVersion": {"files": files}}}).encode()

    def answer(self, path: str) -> tuple[bytes, int]:
        """Content, and the length that is announced."""
        if path.startswith("/api/datasets/:persistentId/?persistentId=doi:10.18710/JX6JXF"):
            listing = self.listing()
            return listing, len(listing)
        content = list(self.files.values())[int(path.rsplit("/", 1)[1]) - 1]
        announced = len(content)
        if self.flipped:
            content = content[:-1] + bytes([content[-1] ^ 1])
        return content[: len(content) - self.cut], announced


@contextmanager
def serving(repository: Repository) -> Iterator[Repository]:
    """Serve until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            repository.asked.append(self.path)
            if repository.status != 200:
                self.send_error(repository.status)
                return
            content, announced = repository.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(announced))
            self.end_headers()
            half = len(content) // 2
            try:
                self.wfile.write(content[:half])
                self.wfile.flush()
                if "datafile" in self.path:
                    repository.go_on.wait(PATIENCE_S)
                self.wfile.write(content[half:])
            except OSError:  # the other side has gone
                pass

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    repository.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield repository
    finally:
        repository.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
