"""Networks: layers with parameters (`Linear`), the same without (`functional`), and how they begin (`init`)."""

from tinygrad_edu.nn import modules
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.nn.parameter import Buffer, Parameter

__all__ = ["Buffer", "Module", "Parameter", "modules"]
