"""Records the screen as pictures and as an animated GIF: captions, a mouse pointer, few colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH = 960  # of a film, if nothing else is said; pictures keep the size of the window
BAND = 46  # height of the captions
COLOURS = 256
SAMPLES = 12  # frames of which the palette is made, evenly over the film, beside the last
LARGEST_PICTURE = 200_000
POINTER = [(0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (13, 12)]
PRESSED = (255, 190, 60)
Point = tuple[int, int]


@dataclass
class Film:
    """Frames of a window at the upper left of the screen, each shown for some time.

    Attributes
    ----------
    grab : callable
        Returns the screen as rows × columns × 3 grey levels.
    caption : str
        Stands below every frame until it is another one.
    pointer : (int, int) or None
        Where the mouse is (x, y); not drawn while None.
    width : int
        Of the frames.
    """

    grab: Callable[[], Any]
    caption: str = ""
    pointer: Point | None = None
    pressed: bool = False
    width: int = WIDTH
    frames: list[tuple[Image.Image, float]] = field(default_factory=list)

    def show(self, seconds: float) -> None:
        """Add the screen as it is now, for so long."""
        self.frames.append((self._frame(), seconds))

    def picture(self, path: Path) -> None:
        """Write the screen as it is now, with the pointer, as a PNG with a palette."""
        shown = self._screen().quantize(192, dither=Image.Dither.NONE)
        shown.save(path, optimize=True)
        size = path.stat().st_size
        print(f"{path.name}: {shown.width} x {shown.height}, {size // 1000} kB")
        if size > LARGEST_PICTURE:
            raise SystemExit(f"{path}: {size} bytes, more than {LARGEST_PICTURE}")

    def save(self, path: Path, keep: Sequence[str] = ()) -> None:
        """Write all frames as a GIF that repeats; one palette, so that what rests costs nothing.

        Small things count little for a palette: ``keep`` names their colours, as ``#rrggbb``.
        """
        pictures = [picture for picture, _ in self.frames]
        some = [*pictures[:: max(1, len(pictures) // SAMPLES)], pictures[-1]]
        some += [Image.new("RGB", pictures[0].size, colour) for colour in keep]
        strip = Image.new("RGB", (some[0].width, some[0].height * len(some)))
        for number, picture in enumerate(some):
            strip.paste(picture, (0, number * picture.height))
        palette = strip.quantize(COLOURS, dither=Image.Dither.NONE)
        first, *others = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
        durations = [round(seconds * 100) * 10 for _, seconds in self.frames]  # ms, in GIF's tens
        first.save(
            path, save_all=True, append_images=others, duration=durations, loop=0, optimize=True
        )
        print(
            f"{path.name}: {first.width} x {first.height}, {len(pictures)} frames, "
            f"{sum(durations) / 1000:.0f} s, {path.stat().st_size / 1e6:.1f} MB"
        )

    def _screen(self) -> Image.Image:
        shown = Image.fromarray(np.asarray(self.grab()))
        if self.pointer is not None:
            draw = ImageDraw.Draw(shown)
            x, y = self.pointer
            if self.pressed:
                draw.ellipse((x - 13, y - 13, x + 13, y + 13), outline=PRESSED, width=3)
            arrow = [(x + 1.3 * right, y + 1.3 * down) for right, down in POINTER]
            draw.polygon(arrow, fill="white", outline="black", width=2)
        return shown

    def _frame(self) -> Image.Image:
        screen = self._screen()
        height = round(screen.height * self.width / screen.width)
        frame = Image.new("RGB", (self.width, height + BAND), (16, 18, 24))
        frame.paste(screen.resize((self.width, height), Image.Resampling.LANCZOS))
        ImageDraw.Draw(frame).text(
            (self.width // 2, height + BAND // 2),
            self.caption,
            font=ImageFont.load_default(22),
            fill="white",
            anchor="mm",
        )
        return frame
