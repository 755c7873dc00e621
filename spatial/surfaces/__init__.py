"""From points to surfaces."""

from spatial.surfaces.density import KernelDensity, kernel_density

__all__ = ["KernelDensity", "kernel_density"]
