"""Electron-microscopy labels of mitochondria to 3D shapes and simulated fluorescence images.

The names that scripts need are here, see ``docs/scripting.md``; each is loaded when it is first
asked for, so that importing the package costs nothing. ``__init__.pyi`` tells their types.
"""

from importlib import import_module
from importlib.metadata import version

_NAMES_OF = {
    "adopt": ("open_files",),
    "compute": ("Cluster", "Here", "Place", "Processes", "place_of"),
    "datasets.read.batches": ("batches",),
    "datasets.read.image_set": ("ImageSet", "Sample"),
    "datasets.read.torch_set": ("TorchSet",),
    "datasets.recipe.recipe": ("Recipe",),
    "datasets.render.cell_imager": ("simulate_cell",),
    "datasets.run.generate": ("generate",),
    "datasets.training.lay_out": ("lay_out",),
    "datasets.training.settings": ("ToolLayout",),
    "ground_truth.field_truths": ("truths_of_field",),
    "ground_truth.image_with_truths": ("write_with_truths",),
    "ground_truth.single_image": ("mask_of_image", "truths_of_image"),
    "image_io.image_file": ("write_image_file",),
    "image_io.microscope_metadata": ("camera_from", "microscope_from", "read_microscope"),
    "image_io.ome_tiff": ("describe_image", "read_image", "write_image", "write_ome_tiff"),
    "image_io.ome_zarr": ("read_ome_zarr", "write_ome_zarr"),
    "image_io.point_csv": ("read_points",),
    "library.extract": ("extract_library", "prepare_extraction"),
    "library.compare_libraries": ("LibraryComparison", "compare_libraries"),
    "library.library": ("ShapeLibrary",),
    "library.measure": ("measure_library",),
    "library.shape_forms": ("export_shapes",),
    "library.table": ("as_dataframe",),
    "library.write": ("write_library",),
    "matching.calibration": ("Calibration", "calibrate", "calibrate_files"),
    "matching.comparison": ("Comparison", "compare"),
    "matching.fitted_scene": ("SceneFit",),
    "matching.scene_fit": ("fit_scene",),
    "matching.tiles": ("Tiles", "read_tiles"),
    "microscope.camera": ("Camera", "peak_snr"),
    "microscope.fluorophores": ("Emitters", "Labelling", "Surface"),
    "microscope.objectives": ("Objective", "with_objective"),
    "microscope.pose": ("Pose",),
    "microscope.presets": (
        "load_camera",
        "load_labelling",
        "load_microscope",
        "load_objective",
        "usual_camera",
    ),
    "microscope.resolution": ("resolution",),
    "microscope.settings": ("Acquisition", "Microscope"),
    "microscope.simulated_stack": ("SimulatedStack", "simulated_stack"),
    "microscope.simulation": (
        "Simulation",
        "SimulatedImage",
        "Simulator",
        "image_scene",
        "scene_from_points",
        "simulate_surface",
    ),
    "scenes.field": ("scene_of_field",),
    "scenes.field_imager": ("simulate_field",),
    "scenes.whole_cell": ("scene_of_shapes",),
    "scoring.files": ("score_files",),
    "scoring.images": ("Score", "score_images"),
    "scoring.masks": ("error_map",),
    "scoring.settings": ("ScoreSettings",),
    "scoring.table": ("ScoreTable",),
    "scoring.topology": ("betti_numbers",),
    "shapes.classification": ("ClassRules", "classify"),
    "shapes.extraction": (
        "Extraction",
        "ExtractionSettings",
        "extract_instances",
        "thinnest_surviving_tube_nm",
    ),
    "shapes.mesh": ("Mesh", "mesh_from_mask", "read_mesh", "write_mesh"),
    "shapes.phantom": ("make_phantom",),
    "shapes.sampling": ("SampleSettings",),
    "shapes.shape": ("Shape", "feature_table", "iter_shapes", "measure_shapes"),
    "shapes.skeleton": ("Skeleton", "skeleton_from_mask"),
    "shapes.tubes": ("TubeSettings", "TubeShapes"),
    "volumes.labels": ("check_labels",),
    "volumes.lazy": ("LazyVolume", "open_lazy"),
    "volumes.open": ("LabelVolume", "list_series", "open_labels"),
    "volumes.plausibility": ("label_warnings", "size_warning"),
}
_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names}

__version__ = version("napari-3dmsl")
__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value  # found without this function the next time
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
