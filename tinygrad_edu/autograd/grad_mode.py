"""The grad modes under the name that PyTorch keeps them at."""

from tinygrad_edu.engine.modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = ["enable_grad", "inference_mode", "no_grad", "set_grad_enabled"]
