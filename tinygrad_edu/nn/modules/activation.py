"""Activations as modules, made from the table of `nn.functional.activations`; and attention, which PyTorch has here."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.nn import init
from tinygrad_edu.nn.functional.activations import ACTIVATIONS, prelu, softmax
from tinygrad_edu.nn.functional.attention import multi_head_attention_forward
from tinygrad_edu.nn.modules.from_table import FromFunction, module_of
from tinygrad_edu.nn.modules.linear import NonDynamicallyQuantizableLinear
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.nn.parameter import Parameter
from tinygrad_edu.tensors.creation import empty, full
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "MultiheadAttention", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid",
    "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


def _module(name: str) -> type[FromFunction]:
    return module_of(
        name, ACTIVATIONS[name], __name__, leave=("input", "_stacklevel", "dtype"), prints=name != "Hardsigmoid"
    )


ReLU, ReLU6, LeakyReLU, RReLU = map(_module, ("ReLU", "ReLU6", "LeakyReLU", "RReLU"))
ELU, CELU, SELU, GELU = map(_module, ("ELU", "CELU", "SELU", "GELU"))
SiLU, Mish, Hardswish, GLU, Threshold = map(_module, ("SiLU", "Mish", "Hardswish", "GLU", "Threshold"))
Sigmoid, LogSigmoid, Hardsigmoid = map(_module, ("Sigmoid", "LogSigmoid", "Hardsigmoid"))
Tanh, Tanhshrink, Hardtanh = map(_module, ("Tanh", "Tanhshrink", "Hardtanh"))
Softplus, Softsign = map(_module, ("Softplus", "Softsign"))
Hardshrink, Softshrink = map(_module, ("Hardshrink", "Softshrink"))
Softmax, Softmin, LogSoftmax = map(_module, ("Softmax", "Softmin", "LogSoftmax"))


class PReLU(Module):
    """Leaky ReLU with a slope that is learned: one for all, or one for each channel.

    Args:
        num_parameters: 1, or the number of channels (dimension 1). init: where the slopes begin.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(full((num_parameters,), float(init), dtype=dtype, device=device))

    def reset_parameters(self) -> None:
        """The slopes begin again."""
        self.weight.data.fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) in the same shape."""
        return prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Softmax2d(Module):
    """Softmax over the channels at each place: (N, C, H, W) or (C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return softmax(input, -3)


class MultiheadAttention(Module):
    """Attention in several heads (Vaswani et al., 2017): each in its own projection, side by side, projected again.

    Args:
        embed_dim: E, the size of queries and outputs, divided among the heads. dropout: of the weights, in training.
        add_bias_kv: one more key and value, learned. add_zero_attn: one more of zeros.
        kdim, vdim: the sizes of keys and values, if not E. batch_first: (N, L, E) rather than (L, N, E).

    Raises:
        ValueError: a size that is not positive; AssertionError: E is no multiple of num_heads.

    >>> import tinygrad_edu as tg
    >>> x = tg.zeros(2, 5, 8)
    >>> out, weights = MultiheadAttention(8, 2, batch_first=True)(x, x, x); out.shape, weights.shape
    (torch.Size([2, 5, 8]), torch.Size([2, 5, 5]))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} "
                "instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = kdim if kdim is not None else embed_dim
        self.vdim = vdim if vdim is not None else embed_dim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")

        def fresh(*shape: int) -> Parameter:
            return Parameter(empty(shape, device=device, dtype=dtype))

        together, apart = self._qkv_same_embed_dim, not self._qkv_same_embed_dim
        sizes = {"q_proj_weight": embed_dim, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
        for name, size in sizes.items():
            self.register_parameter(name, fresh(embed_dim, size) if apart else None)
        self.register_parameter("in_proj_weight", fresh(3 * embed_dim, embed_dim) if together else None)
        self.register_parameter("in_proj_bias", fresh(3 * embed_dim) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.bias_k = fresh(1, 1, embed_dim) if add_bias_kv else None
        self.bias_v = fresh(1, 1, embed_dim) if add_bias_kv else None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight, self.in_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Let queries look at keys, and take the means of their values.

        Args:
            query, key, value: (L, N, E), (S, N, kdim), (S, N, vdim), with `batch_first` N first; or without N.
            key_padding_mask: (N, S), True at keys nobody looks at; or numbers that are added to the scores.
            attn_mask: (L, S) or (N * num_heads, L, S), True where a query does not look; or numbers.
            need_weights: return the weights too. average_attn_weights: their mean over the heads.
            is_causal: a hint that `attn_mask` is the causal mask, which must be given all the same.

        Returns:
            The outputs, laid out as the queries; the weights (N, L, S), or (N, num_heads, L, S) without average, or
            None.

        Raises:
            AssertionError, RuntimeError: ranks, sizes or types of masks that do not fit.
        """
        turned = self.batch_first and query.ndim == 3
        if turned and key.ndim == value.ndim == 3:
            same, alike = key is query, value is key  # one product does for all of them
            query = query.transpose(0, 1)
            key = query if same else key.transpose(0, 1)
            value = key if alike else value.transpose(0, 1)
        out, weights = multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (out.transpose(0, 1) if turned else out), weights
