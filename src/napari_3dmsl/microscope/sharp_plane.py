"""The plane in focus of a z-stack, as an image of its own."""

from __future__ import annotations

from dataclasses import replace

from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, image_of_photons


def of_sharp_plane(simulation: Simulation) -> Simulation:
    """Return the same settings for the plane in focus alone.

    Parameters
    ----------
    simulation : Simulation
        Of a stack, or of one plane, which is returned as it is.
    """
    if simulation.acquisition.planes == 1:
        return simulation
    plane = simulation.acquisition.model_copy(update={"planes": 1})
    return simulation.model_copy(update={"acquisition": plane})


def has_sharp_plane(stack: SimulatedImage) -> bool:
    """Whether one of the planes is the image that would be made of the focus alone.

    Not with an even number of planes, where planes share a brightest pixel that sets their light,
    or where fluorophores blink from plane to plane.

    Parameters
    ----------
    stack : SimulatedImage
        Of one plane or more.
    """
    in_the_middle = len(stack.counts) % 2 == 1
    return in_the_middle and stack.brightness == 1.0 and not stack.simulation.labelling.blinks


def sharp_plane(stack: SimulatedImage) -> SimulatedImage:
    """Return the image of the plane in focus, recorded by itself.

    It has the noise of an image of that plane, which a plane of a stack has not. Photons may
    differ in their last bits from those of an image that is rendered alone.

    Parameters
    ----------
    stack : SimulatedImage
        Which `has_sharp_plane`.
    """
    middle = slice(len(stack.counts) // 2, len(stack.counts) // 2 + 1)
    whole = stack.photons
    plane = replace(
        whole,
        photons=whole.photons[middle],
        focus_um=whole.focus_um[middle],
        stage_um=whole.stage_um[middle],
    )
    return image_of_photons(plane, stack.scene, of_sharp_plane(stack.simulation), glow=stack.glow)
