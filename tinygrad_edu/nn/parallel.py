"""Models on several devices: there is one, so DataParallel passes its input on, and the distributed form is absent."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.absent import absent_class
from tinygrad_edu.nn.modules.module import Module

__all__ = ["DataParallel", "DistributedDataParallel"]

DistributedDataParallel = absent_class(
    "nn.parallel.DistributedDataParallel", "tinygrad_edu trains in one process. Use the model itself."
)


class DataParallel(Module):
    """Calls `module` with what it is given, as PyTorch's does where there is no GPU; the names of the parameters
    begin with ``module.``

    Source: https://pytorch.org/docs/stable/generated/torch.nn.DataParallel.html

    >>> import tinygrad_edu as tg
    >>> model = DataParallel(tg.nn.Linear(3, 1))
    >>> model(tg.ones(2, 3)).shape, list(model.state_dict())
    (torch.Size([2, 1]), ['module.weight', 'module.bias'])
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What `module` gives."""
        return self.module(*inputs, **kwargs)
