"""Helpers for parameters, their gradients, and sequences of different lengths."""

from tinygrad_edu.nn.utils import clip_grad, convert_parameters, rnn
from tinygrad_edu.nn.utils.clip_grad import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from tinygrad_edu.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from tinygrad_edu.nn.utils.reparametrize import (
    remove_spectral_norm,
    remove_weight_norm,
    spectral_norm,
    weight_norm,
)

__all__ = [
    "clip_grad", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "convert_parameters",
    "get_total_norm", "parameters_to_vector", "remove_spectral_norm", "remove_weight_norm", "rnn", "spectral_norm",
    "vector_to_parameters", "weight_norm",
]  # fmt: skip
