"""torch.utils.hooks: the handle that registering a hook gives, under the name that type hints use."""

from tinygrad_edu.tensors.hooks import RemovableHandle

__all__ = ["RemovableHandle"]
