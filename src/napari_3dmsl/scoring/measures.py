"""What each score is called, in which unit, and what it means: one place for all who show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A number that tells how good a prediction is.

    Attributes
    ----------
    name : str
        In files and in Python.
    label : str
        What people read.
    unit : str
        Empty for ratios.
    best : float
        The value of a prediction that is the truth.
    meaning : str
        In a sentence or two, with its source.
    """

    name: str
    label: str
    unit: str
    best: float
    meaning: str

    def written(self, value: float) -> str:
        """Return a value as people read it.

        Parameters
        ----------
        value
            Of this measure; NaN where there is none.
        """
        if value != value:
            return "–"
        return f"{value:.4f}" if self.unit != "features" else f"{value:.4g}"


def _ratio(name: str, label: str, meaning: str) -> Measure:
    return Measure(name, label, "", 1.0, meaning)


def _error(name: str, label: str, unit: str, meaning: str) -> Measure:
    return Measure(name, label, unit, 0.0, meaning)


_AP = (
    "True positives / (true positives + missed + false), objects being paired one to one where "
    "they overlap with an intersection over union of at least {}; as in StarDist and Cellpose."
)

MEASURES = {
    measure.name: measure
    for measure in (
        _ratio(
            "dice",
            "Dice",
            "Twice the pixels in both masks, divided by the pixels of the one and the other; the "
            "F1 score of pixels (Dice 1945).",
        ),
        _ratio(
            "iou",
            "IoU",
            "Pixels in both masks, divided by pixels in either; of volumes the volumetric "
            "intersection over union (Jaccard 1901).",
        ),
        _ratio(
            "cldice",
            "clDice",
            "Harmonic mean of how much of each centreline lies in the other mask: whether tubes "
            "are whole, whatever their width (Shit et al., CVPR 2021).",
        ),
        _error(
            "betti_error",
            "Betti-number error",
            "features",
            "Sum of the differences in the numbers of components, loops and cavities, wherever "
            "they lie (as in Stucki et al., ICML 2023, reference 19 of the 3DMSL paper).",
        ),
        _error(
            "betti_0_error",
            "· components",
            "features",
            "Difference in the number of pieces that hang together by the faces of their pixels.",
        ),
        _error(
            "betti_1_error",
            "· loops",
            "features",
            "Difference in the number of loops: in the plane holes, in space tunnels.",
        ),
        _error(
            "betti_2_error",
            "· cavities",
            "features",
            "Difference in the number of closed hollows; only in volumes.",
        ),
        _error(
            "betti_patch_error",
            "Betti-number error, patches",
            "features",
            "The same in square or cubic patches, the mean of those in which anything lies: "
            "features must be near where they belong (after Hu et al., NeurIPS 2019).",
        ),
        _ratio(
            "pq",
            "Panoptic quality",
            "Sum of the IoU of paired objects, divided by true positives + half of the missed and "
            "the false; pairs overlap with an IoU above 0.5 (Kirillov et al., CVPR 2019).",
        ),
        _ratio("sq", "· segmentation", "Mean IoU of the paired objects, 0 without a pair."),
        _ratio("rq", "· recognition", "The F1 score of objects at an IoU above 0.5."),
        _ratio("ap_50", "AP at IoU 0.5", _AP.format("0.5")),
        _ratio("ap_75", "AP at IoU 0.75", _AP.format("0.75")),
        _ratio("ap_mean", "AP, mean 0.5 to 0.95", _AP.format("0.5, 0.55, … 0.95; their mean")),
        _ratio(
            "seg",
            "SEG",
            "Mean IoU of each object with the one that covers more than half of it, 0 where none "
            "does (Cell Tracking Challenge, Maška et al. 2014).",
        ),
        _ratio(
            "det",
            "DET",
            "1 minus the weighted number of corrections to the objects, in parts of drawing all of "
            "them anew (Cell Tracking Challenge, Matula et al. 2015).",
        ),
        _ratio(
            "tra",
            "TRA",
            "1 minus the weighted number of corrections to objects and links, in parts of drawing "
            "all of them anew (Cell Tracking Challenge, Matula et al. 2015).",
        ),
        _error(
            "chamfer_um",
            "Chamfer distance",
            "µm",
            "Mean of accuracy and completeness: how far the surfaces lie apart (Chamfer-L1 of "
            "Mescheder et al., CVPR 2019).",
        ),
        _error(
            "accuracy_um",
            "· accuracy",
            "µm",
            "Mean distance of points on the predicted surface to the true one.",
        ),
        _error(
            "completeness_um",
            "· completeness",
            "µm",
            "Mean distance of points on the true surface to the predicted one.",
        ),
    )
}
"""In the order in which people read them."""
