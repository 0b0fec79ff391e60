"""The layers, under the module names that they have in PyTorch."""

from tinygrad_edu.nn.modules.module import Module

__all__ = ["Module"]
