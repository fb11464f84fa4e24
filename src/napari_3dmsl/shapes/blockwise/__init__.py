"""Extraction block by block: the instances of volumes that do not fit into memory."""

from napari_3dmsl.shapes.blockwise.extract import extract_blockwise as extract_blockwise
from napari_3dmsl.shapes.blockwise.stored_labels import StoredLabels as StoredLabels
