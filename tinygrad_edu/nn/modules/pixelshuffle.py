"""Channels that become pixels, and back."""

from tinygrad_edu.nn.functional import images
from tinygrad_edu.nn.modules.from_table import module_of

__all__ = ["PixelShuffle", "PixelUnshuffle"]

PixelShuffle = module_of("PixelShuffle", images.pixel_shuffle, __name__, leave=("input",))
PixelUnshuffle = module_of("PixelUnshuffle", images.pixel_unshuffle, __name__, leave=("input",))
