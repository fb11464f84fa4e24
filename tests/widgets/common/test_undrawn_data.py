"""Data of what is never drawn do not pile up in the window."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np

from napari_3dmsl.widgets.common.undrawn_data import let_replaced_data_go


def waiting_bytes() -> int:
    """Bytes of all arrays that wait in vispy for an object that has not been drawn."""
    gc.collect()
    return sum(
        part.nbytes
        for queue in gc.get_objects()
        if type(queue).__name__ == "_GlirQueueShare" and len(queue._associations) == 1
        for command in queue._commands
        for part in command
        if isinstance(part, np.ndarray)
    )


def test_a_buffer_that_is_not_drawn_keeps_its_last_data_only() -> None:
    from vispy.gloo import VertexBuffer

    let_replaced_data_go()
    buffer = VertexBuffer()
    for count in (5, 6, 6, 7) * 5:
        buffer.set_data(np.full((count, 3), count, np.float32))
    commands = buffer._glir.clear()
    assert [command[0] for command in commands] == ["CREATE", "SIZE", "DATA"]
    assert (commands[-1][3].view(np.float32) == 7).all()


def test_a_part_that_is_written_later_is_kept() -> None:
    from vispy.gloo import VertexBuffer

    let_replaced_data_go()
    buffer = VertexBuffer(np.zeros((4, 3), np.float32))
    for value in range(9):
        buffer.set_data(np.full((4, 3), value, np.float32))
        buffer.set_subdata(np.full((1, 3), -value, np.float32), offset=1)
    written = np.full((4, 3), np.nan, np.float32)
    for name, _, *content in buffer._glir.clear():
        if name == "DATA":
            at, data = content[0] // 4, content[1].view(np.float32).ravel()
            written.reshape(-1)[at : at + data.size] = data
    assert written[:, 0].tolist() == [8, -8, 8, 8]


def test_shapes_selected_while_the_canvas_is_out_of_sight_leave_nothing_behind(
    window: Any, open_panel: Any, qtbot: Any
) -> None:
    window.dims.ndisplay = 3
    browser = open_panel(window, "Shape browser").panel
    window.window._qt_window.hide()  # as when docks leave the canvas no room

    def select(times: int) -> int:
        for number in range(times):
            browser.table.selectRow(number % 3)
            qtbot.wait(20)
        browser.table.selectRow(0)
        qtbot.wait(50)
        return waiting_bytes()

    before = select(3)
    assert select(20) <= before
