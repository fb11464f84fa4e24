"""What is not drawn keeps the data that it is to be drawn with once, not each that it ever had.

vispy puts what the graphics card is to get into a queue that is emptied when the object is drawn. A
buffer that no drawing asks for, such as the normals of a surface without shading, has a queue of
its own that is never emptied, and keeps every array that it is given (vispy's issue 2657). napari
gives it one each time that a surface gets other data: a shape that is selected, a filter, the
gallery, a field that is dragged. That was most of what the window grew by.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_FEW = 4  # commands: one buffer is made, sized and filled by three


@cache
def let_replaced_data_go() -> None:
    """Let buffers of vispy that wait to be drawn forget what has been replaced; done once."""
    from vispy.gloo.buffer import Buffer

    put = Buffer.set_data

    def set_data(buffer: Any, *arguments: Any, **options: Any) -> None:
        put(buffer, *arguments, **options)
        _thin_out(buffer._glir._shared)

    Buffer.set_data = set_data


def _thin_out(queue: Any) -> None:
    """Leave out of a queue that waits alone what vispy itself leaves out when it empties one."""
    waits_alone = len(queue._associations) == 1
    if waits_alone and len(queue._commands) > _FEW:
        queue._commands[:] = queue._filter(queue._commands, None)
