"""The channels of groups taken in turn."""

from tinygrad_edu.nn.functional import images
from tinygrad_edu.nn.modules.from_table import module_of

__all__ = ["ChannelShuffle"]

ChannelShuffle = module_of("ChannelShuffle", images.channel_shuffle, __name__, leave=("input",))
