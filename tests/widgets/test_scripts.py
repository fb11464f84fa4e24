"""Extracting in an ordinary script, in IPython and in a notebook: nothing opens a second napari."""

from __future__ import annotations

import queue
import subprocess
import sys
import time
from pathlib import Path

import pytest
from waiting import PATIENCE_S

OPEN = """
import sys
from pathlib import Path
started = Path({started!r})
with started.open("a") as file:  # whoever runs this again leaves a line
    file.write("a napari\\n")
import napari
import numpy as np
viewer = napari.Viewer()
z, y, x = np.ogrid[:24, :32, :64]
labels = ((z - 12) ** 2 + (y - 16) ** 2 + (x - 16) ** 2 < 81) | (
    (z - 12) ** 2 + (y - 16) ** 2 + (x - 46) ** 2 < 81)
viewer.add_labels(labels.astype(np.uint8), scale=(0.024,) * 3, units="um")
dock, panel = viewer.window.add_plugin_dock_widget("napari-3dmsl", "Extract shapes")
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel
def status():
    return panel.findChild(QLabel, "status").text()
def is_done():
    return "instances" in viewer.layers and panel.extract_button.isEnabled()
"""
CLICK = """
def look():
    if is_done():
        print("done:", status(), flush=True)
        timer.stop()
        viewer.close()
timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
QTimer.singleShot(200, panel.extract_button.click)  # stands for the mouse
"""
LONGEST_S = 4 * PATIENCE_S


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """The file that each run of the script adds a line to."""
    return tmp_path / "started.txt"


@pytest.mark.parametrize("program", ["python", "ipython", "command"])
def test_a_script_without_a_guard_opens_one_napari(
    program: str, started: Path, tmp_path: Path
) -> None:
    code = OPEN.format(started=str(started)) + CLICK + "napari.run()\n"
    script = tmp_path / "my scripts" / "look at it.py"
    script.parent.mkdir()
    script.write_text(code)
    command = {
        "python": [str(script)],
        "ipython": ["-m", "IPython", str(script)],
        "command": ["-c", code],
    }[program]
    ran = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "done: 2 shapes" in ran.stdout, ran.stdout + ran.stderr
    assert ran.returncode == 0
    assert started.read_text() == "a napari\n"


def test_a_notebook_opens_one_napari(started: Path) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel()
    try:

        def run(cell: str) -> str:
            """What a cell prints."""
            asked, printed = client.execute(cell), []
            end = time.monotonic() + LONGEST_S
            while time.monotonic() < end:
                try:
                    message = client.get_iopub_msg(timeout=3)
                except queue.Empty:  # taking up Qt's loop, the kernel may miss what has arrived
                    client.execute("", silent=True)
                    continue
                if message["parent_header"].get("msg_id") == asked:
                    content = message["content"]
                    printed.append(
                        content.get("text", "") + "\n".join(content.get("traceback", []))
                    )
                    if content.get("execution_state") == "idle":
                        return "".join(printed)
            raise TimeoutError(f"the kernel did not end: {cell}")

        run("%gui qt")
        assert run(OPEN.format(started=str(started))) == ""
        run("panel.extract_button.click()")
        end = time.monotonic() + LONGEST_S
        while "True" not in (told := run("print(is_done(), status())")):
            assert time.monotonic() < end, told
            time.sleep(0.2)
        assert "2 shapes" in told
        assert run("viewer.close()") == ""
        assert started.read_text() == "a napari\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
