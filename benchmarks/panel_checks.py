"""Looks at every panel as people with small screens, large letters or other eyes do.

    scripts/virtual-display python benchmarks/panel_checks.py [--pictures FOLDER] [PANEL...]

Each panel is opened in a window of 1366 x 768: in the dark and the light theme, with letters of
10 and 16 points, and at 200 % scaling. Printed for each: texts that are cut, fields that lie beside
the column, fields without a name for screen readers, fields that the Tab key does not reach or
that it reaches though they are folded away, tab stops in sight, and the least contrast of a text.
Then the least distance between the colours of two classes, for usual and colour-blind eyes. The
status is 1 when something is wrong. With --pictures the display must have 2732 x 1536 pixels.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
from panel_fields import fields, name_of

LAPTOP = (1366, 768)
LEAST_CONTRAST = 4.5  # WCAG 2.1, level AA
LEAST_DISTANCE = 8.0  # CIEDE2000; 1 is just noticed side by side
SIGHT = {  # Machado et al. 2009, severity 1, on linear RGB
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


@dataclass(frozen=True)
class Conditions:
    """How the window is seen: theme, points of the letters, scaling of the screen."""

    theme: str
    points: int
    scaling: int

    def __str__(self) -> str:
        return f"{self.theme}, {self.points} pt, {100 * self.scaling} %"


ALL_CONDITIONS = (
    Conditions("dark", 10, 1),
    Conditions("light", 10, 1),
    Conditions("dark", 16, 1),
    Conditions("light", 16, 1),
    Conditions("dark", 10, 2),
)


@dataclass(frozen=True)
class Seen:
    """What is wrong with a panel, and how many tab stops are in sight."""

    panel: str
    cut: list[str]
    beside: list[str]
    nameless: list[str]
    out_of_reach: list[str]
    folded_stops: list[str]
    tab_stops: int
    least_contrast: float
    faintest: str

    @property
    def complaints(self) -> list[str]:
        """Everything that is wrong, in words."""
        found = [f"cut: {', '.join(self.cut)}"] if self.cut else []
        for words, names in (
            ("beside the column", self.beside),
            ("no name", self.nameless),
            ("not reached by Tab", self.out_of_reach),
            ("reached though folded", self.folded_stops),
        ):
            found += [f"{words}: {', '.join(names)}"] if names else []
        if self.least_contrast < LEAST_CONTRAST:
            found.append(f"contrast {self.least_contrast:.1f}: {self.faintest}")
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panels", nargs="*", help="names as in the menu; all without any")
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each")
    parser.add_argument("--as-seen", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.as_seen:
        conditions = Conditions(**json.loads(wanted.as_seen))
        for seen in look(conditions, wanted.panels, wanted.pictures):
            print(json.dumps(asdict(seen)), flush=True)
        return 0
    wrong = 0
    for conditions in ALL_CONDITIONS:
        print(f"\n{conditions}\n{'panel':24} {'tab stops':>9} {'contrast':>8}  wrong")
        for seen in _in_own_process(conditions, wanted.panels, wanted.pictures):
            complaints = seen.complaints
            wrong += len(complaints)
            told = "; ".join(complaints) or "nothing"
            print(f"{seen.panel:24} {seen.tab_stops:9} {seen.least_contrast:8.1f}  {told}")
    print("\nclass colours: least distance (CIEDE2000)")
    for sight, (distance, pair) in colour_distances().items():
        wrong += distance < LEAST_DISTANCE
        print(f"{sight:14} {distance:5.1f}  {pair}")
    return int(wrong > 0)


def _in_own_process(
    conditions: Conditions, panels: list[str], pictures: Path | None
) -> Iterator[Seen]:
    """Look in another process: Qt reads the scaling when it starts."""
    command = [sys.executable, __file__, *panels, "--as-seen", json.dumps(asdict(conditions))]
    command += ["--pictures", str(pictures)] if pictures else []
    with tempfile.TemporaryDirectory() as nobodys_settings:
        surroundings = {
            "QT_SCALE_FACTOR": str(conditions.scaling),
            "NAPARI_CONFIG": str(Path(nobodys_settings) / "napari.yaml"),
            "NAPARI_3DMSL_PRESETS": nobodys_settings,
        }
        done = subprocess.run(
            command, env=os.environ | surroundings, stdout=subprocess.PIPE, text=True, check=True
        )
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            yield Seen(**json.loads(line))


def look(conditions: Conditions, panels: list[str], pictures: Path | None) -> Iterator[Seen]:
    """Open each panel in a window of its own and look at it."""
    import napari
    from napari.settings import get_settings
    from npe2 import PluginManifest
    from qtpy.QtWidgets import QApplication

    contributed = PluginManifest.from_distribution("napari-3dmsl").contributions.widgets or []
    for name in panels or [widget.display_name for widget in contributed]:
        get_settings().appearance.font_size = conditions.points
        viewer = napari.Viewer(title="napari")
        viewer.theme = conditions.theme
        viewer.window.resize(*LAPTOP)
        panel = viewer.window.add_plugin_dock_widget("napari-3dmsl", name)[1]
        window: Any = viewer.window._qt_window  # private: napari offers no public way to it
        window.show()
        for page in _pages(name, panel):
            for _ in range(40):
                QApplication.processEvents()
            yield examine(page, panel)
            if pictures:
                pictures.mkdir(parents=True, exist_ok=True)
                words = (page, conditions.theme, f"{conditions.points}pt", f"{conditions.scaling}x")
                file = "-".join(words).replace(" ", "_").replace(":", "")
                window.grab().save(str(pictures / f"{file}.png"))
        viewer.close()


def _pages(name: str, panel: Any) -> Iterator[str]:
    """Turn to each page of a panel, and yield its name."""
    from qtpy.QtWidgets import QTabBar

    books = panel.findChildren(QTabBar)
    if not books:
        yield name
    for book in books:
        for at in range(book.count()):
            book.setCurrentIndex(at)
            yield f"{name}: {book.tabText(at)}"


def examine(name: str, panel: Any) -> Seen:
    """Return what is wrong with a panel as it opens."""
    from qtpy.QtCore import Qt

    tab = Qt.FocusPolicy.TabFocus.value
    found = fields(panel)
    chain, following = [], panel.nextInFocusChain()
    while panel.isAncestorOf(following):
        chain.append(following)
        following = following.nextInFocusChain()
    stops = [
        x for x in chain if x.focusPolicy().value & tab and x.isEnabled() and not x.focusProxy()
    ]
    # What lies on another page is not visible to Qt, either, and its Tab key passes it.
    shown = [x for x in stops if x.isVisible()]
    contrasts = sorted(_contrasts(panel)) or [(21.0, "")]
    return Seen(
        panel=name,
        cut=sorted(set(_cut(panel))),
        beside=[_named(x) for x in found if x.isVisible() and _is_beside(x, panel)],
        nameless=[_named(x) for x in found if x.isVisible() and not name_of(x, panel).strip()],
        out_of_reach=[
            _named(x) for x in found if x.isVisible() and x.isEnabled() and x not in chain
        ],
        folded_stops=[_named(x) for x in shown if x.visibleRegion().isEmpty() and _folded(x)],
        tab_stops=len(shown),
        least_contrast=round(contrasts[0][0], 1),
        faintest=contrasts[0][1],
    )


def _named(field: Any) -> str:
    return field.objectName() or type(field).__name__


def _is_beside(field: Any, panel: Any) -> bool:
    """Whether a field can be seen only by scrolling sideways."""
    from qtpy.QtCore import QPoint

    right = field.mapTo(panel, QPoint(field.width(), 0)).x()
    return bool(right > panel.width() + 1)


def _folded(field: Any) -> bool:
    """Whether something around a field has no height: its section is folded."""
    above = field
    while above is not None:
        if above.height() < 2:
            return True
        above = above.parentWidget()
    return False


def _cut(panel: Any) -> Iterator[str]:
    """Yield texts that need more room than they have."""
    from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLabel

    for label in panel.findChildren(QLabel):
        if not label.isVisible() or _is_picture(label):
            continue
        if label.wordWrap():
            needed = label.heightForWidth(label.width())
            if needed > label.height() + 1:
                yield f"'{label.text()[:40]}…' ({needed} of {label.height()} high)"
        elif _letters(label, label.text()) > label.contentsRect().width() + 1:
            yield f"'{label.text()}'"
    for button in panel.findChildren(QAbstractButton):
        needs_more = button.sizeHint().width() > button.width() + 1
        if (
            button.isVisible()
            and needs_more
            and _letters(button, button.text()) > button.width() - 4
        ):
            yield f"'{button.text()}'"
    for box in panel.findChildren(QComboBox):
        if box.isVisible() and _letters(box, box.currentText()) > box.width() - 24:
            yield f"'{box.currentText()}' in {_named(box)}"
    for box in panel.findChildren(QAbstractSpinBox):
        if box.isVisible() and _letters(box, box.text()) > box.width() - 6:
            yield f"'{box.text()}' in {_named(box)}"
    for field in fields(panel):
        if field.isVisible() and _is_out_of_its_row(field):
            yield f"{_named(field)} (its row is too low)"


def _is_out_of_its_row(field: Any) -> bool:
    """Whether a field is lower than its letters, or reaches out of what it stands in."""
    from qtpy.QtWidgets import QAbstractButton, QAbstractSlider

    above = field.parentWidget()
    has_none = isinstance(field, QAbstractSlider) or (
        isinstance(field, QAbstractButton) and not field.text()
    )
    letters = 0 if has_none else field.fontMetrics().height()
    return bool(field.height() < letters or not above.rect().contains(field.geometry()))


def _is_picture(label: Any) -> bool:
    return bool(label.pixmap()) and not label.pixmap().isNull()


def _letters(widget: Any, text: str) -> int:
    """Return the width of a text in a widget's letters; of its longest line."""
    from qtpy.QtGui import QTextDocument

    if "<" in text and ">" in text:
        document = QTextDocument()
        document.setHtml(text)
        text = document.toPlainText()
    metrics = widget.fontMetrics()
    return max(metrics.horizontalAdvance(line.replace("&", "")) for line in f"{text}\n".split("\n"))


def _contrasts(panel: Any) -> Iterator[tuple[float, str]]:
    """Yield the contrast of each text with what it stands on, as they are painted."""
    from qtpy.QtWidgets import QLabel

    for label in panel.findChildren(QLabel):
        if not label.isVisible() or not label.isEnabled() or not label.text().strip():
            continue
        if label.visibleRegion().isEmpty() or label.width() < 8 or label.height() < 8:
            continue
        yield painted_contrast(_pixels(label)), f"'{label.text()[:40]}'"


def _pixels(widget: Any) -> np.ndarray[Any, Any]:
    """Return (N, 3) of a widget as it is painted, 0 to 255."""
    from superqt.utils import qimage_to_array

    shot = widget.window().grab(_place(widget)).toImage()
    return np.asarray(qimage_to_array(shot))[..., :3].reshape(-1, 3)


def _place(widget: Any) -> Any:
    from qtpy.QtCore import QPoint, QRect

    window = widget.window()
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def painted_contrast(pixels: np.ndarray[Any, Any]) -> float:
    """Return the contrast of the most distant pixel with the most frequent one, 1 to 21."""
    values, counts = np.unique(pixels, axis=0, return_counts=True)
    paper = values[counts.argmax()]
    light = _luminance(values)
    own = float(_luminance(paper[None])[0])
    far = light[np.abs(np.log((light + 0.05) / (own + 0.05))).argmax()]
    low, high = sorted((own, float(far)))
    return (high + 0.05) / (low + 0.05)


def _linear(rgb: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    parts = rgb / 255.0
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _luminance(rgb: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return relative luminances as the WCAG defines them."""
    return _linear(rgb) @ np.array([0.2126, 0.7152, 0.0722])


def colour_distances() -> dict[str, tuple[float, str]]:
    """Return the two classes whose colours are the nearest, for each kind of eyes."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    from napari_3dmsl.layers.class_colours import CLASS_COLOURS

    names = [str(name) for name in CLASS_COLOURS]
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in CLASS_COLOURS.values()])
    found = {}
    for sight, matrix in SIGHT.items():
        seen = np.clip(_linear(rgb) @ matrix.T, 0, 1)
        srgb = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
        lab = rgb2lab(srgb[None])[0]
        pairs = [
            (float(deltaE_ciede2000(lab[i], lab[j])), f"{names[i]} and {names[j]}")
            for i, j in combinations(range(len(names)), 2)
        ]
        found[sight] = min(pairs)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
