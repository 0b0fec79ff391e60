"""What belongs to the graph itself: its nodes (``tensor.grad_fn`` is a `Node`), and hooks for what they save."""

from tinygrad_edu.engine.saving import disable_saved_tensors_hooks, saved_tensors_hooks
from tinygrad_edu.tensors.hooks import RemovableHandle
from tinygrad_edu.tensors.place import Place as Node

__all__ = ["Node", "RemovableHandle", "disable_saved_tensors_hooks", "save_on_cpu", "saved_tensors_hooks"]


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 - PyTorch's name
    """A context in which what is saved for backward is kept on the CPU, where all Tensors are anyway."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.cpu(), lambda tensor: tensor)
