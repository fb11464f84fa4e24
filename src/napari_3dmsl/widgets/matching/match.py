"""How far a match has come: what each step has found; steps are taken back by an earlier one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from napari_3dmsl.image_io.microscope_metadata import microscope_from
from napari_3dmsl.microscope.presets import load_microscope, usual_camera

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.matching.calibration import Calibration
    from napari_3dmsl.matching.comparison import Comparison
    from napari_3dmsl.matching.fitted_scene import SceneFit
    from napari_3dmsl.microscope.camera import Camera
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.widgets.matching.real_images import RealImages

_PRESETS = {
    "widefield": "epi1",
    "confocal": "con1",
    "two_photon": "two-photon",
    "light_sheet": "light-sheet",
}


@dataclass(frozen=True, eq=False)
class Compared:
    """Real tiles beside some of the recipe's images, (N, R, C) both."""

    comparison: Comparison
    real: NDArray[Any]
    simulated: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Match:
    """What is known so far.

    Attributes
    ----------
    real, dark : RealImages or None
    optics : dict
        Settings of the microscope that the form shows.
    em_gain : bool
        Whether a gain register multiplied the electrons.
    calibration : Calibration or None
        Of the camera.
    fit : SceneFit or None
        A recipe whose images are like the real ones.
    compared : Compared or None
        How like they are.
    """

    real: RealImages | None = None
    dark: RealImages | None = None
    optics: dict[str, Any] = field(default_factory=dict)
    em_gain: bool = False
    calibration: Calibration | None = None
    fit: SceneFit | None = None
    compared: Compared | None = None

    def with_real(self, real: RealImages, optics: dict[str, Any]) -> Match:
        """Begin anew with other images.

        Parameters
        ----------
        real
            The images.
        optics
            Settings of the microscope, as far as known.
        """
        return Match(real, None, optics, self.em_gain)

    def with_changed(self, **changes: Any) -> Match:
        """Change what a calibration rests on: it, and what follows, have to be made again.

        Parameters
        ----------
        **changes
            Fields with their new values.
        """
        return replace(self, **{"calibration": None, "fit": None, "compared": None, **changes})

    @property
    def microscope(self) -> Microscope:
        """The microscope as the file and the form tell it.

        Raises
        ------
        ValueError
            When settings do not go together.
        """
        if self.real is not None and self.real.read is not None:
            base = microscope_from(self.real.read)
        else:
            base = load_microscope(_PRESETS[self.optics.get("modality", "widefield")])
        index = self.optics.get("immersion_index", base.immersion_index)
        size = self.real.planes[0].shape if self.real else base.image_size
        rows, columns = (min(max(side, 8), 4096) for side in size)
        return base.replace(
            **self.optics,
            name="matched",
            immersion_index_design=index,
            image_size=(rows, columns),
        )

    @property
    def camera(self) -> Camera:
        """The camera that was found, or else the usual one of the microscope."""
        usual = usual_camera(self.microscope)
        found = self.calibration
        return usual if found is None or found.refusal else found.camera(usual)

    def recipe(self) -> dict[str, Any]:
        """Return the fitted recipe, or one with this microscope and camera, for *Image set*."""
        if self.fit is not None:
            return dict(self.fit.recipe)
        instrument = {
            "microscope": self.microscope.model_dump(mode="json"),
            "camera": self.camera.model_dump(mode="json"),
        }
        return {"name": "matched", "microscopes": [instrument]}
