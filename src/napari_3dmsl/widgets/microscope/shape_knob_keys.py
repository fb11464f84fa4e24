"""Keys that focus and turn, and go to the next shape, while the *Microscope* panel is open."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_3dmsl.microscope.pose import Pose
from napari_3dmsl.widgets.common.keys import written
from napari_3dmsl.widgets.common.shape_keys import add_shape_keys

if TYPE_CHECKING:
    from napari_3dmsl.widgets.common.panel import Panel
    from napari_3dmsl.widgets.microscope.form import SimulationForm

FOCUS_STEP_UM = 0.1
TURN_DEG = 15.0
FOCUS = {"Alt+PgUp": FOCUS_STEP_UM, "Alt+PgDown": -FOCUS_STEP_UM}
TURNS = {
    "Alt+Shift+Right": (TURN_DEG, 0.0, 0.0),
    "Alt+Shift+Left": (-TURN_DEG, 0.0, 0.0),
    "Alt+Shift+PgUp": (0.0, 0.0, TURN_DEG),
    "Alt+Shift+PgDown": (0.0, 0.0, -TURN_DEG),
}
"""Degrees about z, y and x."""


def add_keys(panel: Panel, form: SimulationForm) -> None:
    """Let keys work, and tell of them in the tips of what they change.

    Parameters
    ----------
    panel
        The *Microscope* panel.
    form
        Of its knobs.
    """
    for sequence, step_um in FOCUS.items():
        name = "focus_up" if step_um > 0 else "focus_down"
        panel.add_key(name, sequence, partial(_focus, form, step_um))
    for sequence, turn in TURNS.items():
        panel.add_key(f"turn {sequence}", sequence, partial(_turn, form, turn))
    up, down = map(written, FOCUS)
    form.fields.focus.add_tip("focus_um", f"{up} and {down}: {FOCUS_STEP_UM:g} µm up and down.")
    right, left, over, back = map(written, TURNS)
    form.fields.pose.add_tip(
        "rotation_deg",
        f"{right} and {left}: {TURN_DEG:g}° about z; {over} and {back}: about x.",
    )
    add_shape_keys(panel)


def _focus(form: SimulationForm, step_um: float) -> None:
    focus_um = float(form.fields.focus.values()["focus_um"]) + step_um
    form.take_focus(round(min(max(focus_um, -100.0), 100.0), 6))


def _turn(form: SimulationForm, turn: tuple[float, float, float]) -> None:
    z, y, x = (
        (angle + more + 180.0) % 360.0 - 180.0
        for angle, more in zip(form.fields.pose.values()["rotation_deg"], turn, strict=True)
    )
    form.take_pose(Pose(rotation_deg=(z, y, x)))
