"""Differentiation beyond ``backward()``: gradients by name, your own functions, checks, Jacobians, anomaly mode.

The names are those of ``torch.autograd``.
"""

from tinygrad_edu.autograd import anomaly_mode, function, functional, grad_mode, graph
from tinygrad_edu.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from tinygrad_edu.autograd.function import Function
from tinygrad_edu.autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from tinygrad_edu.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from tinygrad_edu.autograd.passes import backward, grad
from tinygrad_edu.autograd.variable import Variable

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "anomaly_mode",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
