"""A server on this machine that gives out the files of a folder, and lists nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@contextmanager
def serving_files(folder: Path, asked: list[str] | None = None) -> Iterator[str]:
    """Serve until the end of the block; yields the address."""

    class Handler(SimpleHTTPRequestHandler):
        def list_directory(self, path: Any) -> None:
            self.send_error(404)

        def do_GET(self) -> None:
            if asked is not None:
                asked.append(self.path)
            super().do_GET()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
