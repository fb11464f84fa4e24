"""Long work in a process of its own, so that the window stays alive and Cancel works at once.

Labelling and marching cubes hold Python's interpreter lock for seconds: a thread would freeze the
window just the same.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_3dmsl.widgets._thread import BackgroundWork


class BackgroundProcess(BackgroundWork):
    """Runs one function at a time in a fresh process.

    The function is called with its arguments and ``progress=``; it, its arguments and its result
    must pickle. What a generator yields is sent one by one, and its result is None.

    Signals
    -------
    parted(part)
        A generator has yielded; beside those of `BackgroundWork`.
    """

    parted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: Any = None

    def start(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Begin; sending the arguments and waiting happen in a thread."""
        self._begin(self._follow, function, arguments)

    def cancel(self) -> None:
        """End the process now; `cancelled` is sent when it is gone."""
        self._stop.set()
        process = self._process  # the thread forgets it when it ends
        if process is not None:
            process.terminate()

    def close(self) -> None:
        """Cancel and send nothing any more."""
        self._closed = True
        self.cancel()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _follow(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_run, args=(there,), daemon=True)
        process.start()
        there.close()
        self._process = process
        if self._stop.is_set():
            process.terminate()
        kind, content = self._exchange(here, (function, arguments))
        here.close()
        process.join(timeout=5)
        self._process = None
        self._tell(kind, content, process.exitcode)

    def _exchange(self, connection: Connection, work: Any) -> tuple[str, Any]:
        """Send the work, then pass on progress until the result or the end of the process.

        The work is sent when the process can be ended already: large labels take their time.
        """
        try:
            connection.send(work)
            while True:
                kind, content = connection.recv()
                if kind not in ("progress", "part"):
                    return kind, content
                if self._closed or self._stop.is_set():
                    continue
                if kind == "progress":
                    self.progressed.emit(*content)
                else:
                    self.parted.emit(content)
        except (EOFError, OSError):
            return "ended", None
        except Exception as error:  # noqa: BLE001  pickling raises whatever it likes
            return "error", f"unexpected {type(error).__name__}: {error}"

    def _tell(self, kind: str, content: Any, exit_code: int | None) -> None:
        if self._closed:
            return
        if self._stop.is_set():
            self.cancelled.emit()
        elif kind == "result":
            self.finished.emit(content)
        elif kind == "error":
            self.failed.emit(content)
        else:
            self.failed.emit(
                f"the work ended unexpectedly (exit code {exit_code}); "
                "if memory ran out, try a smaller volume or more downsampling"
            )


def _run(connection: Connection) -> None:
    """Body of the process."""

    def progress(done: int, total: int, what: str) -> None:
        connection.send(("progress", (done, total, what)))

    try:
        function, arguments = connection.recv()
        result = function(*arguments, progress=progress)
        if isinstance(result, Generator):
            for part in result:
                connection.send(("part", part))
            result = None
        connection.send(("result", result))
    except EOFError:  # nobody waits for us
        pass
    except (ValueError, OSError, MemoryError) as error:
        connection.send(("error", str(error) or type(error).__name__))
    except Exception as error:  # noqa: BLE001  a bug: say so instead of dying silently
        traceback.print_exc()
        connection.send(("error", f"unexpected {type(error).__name__}: {error}"))
    finally:
        connection.close()
