"""The other functions of nn.functional against PyTorch's: one table of values, derivatives and refusals.

Those of images, sequences and volumes have theirs in test_spatial_functions.py. A function without a row in either
fails the build. In a row `call(name, ...)` arrays of floats are leaves; arrays among the options are constants.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.module_cases import BESIDE_MORE
from support.oracle import agree

import tinygrad_edu as tg
from tinygrad_edu.nn.functional import convolution, images, pooling, sampling

rng = np.random.default_rng(0)
X, Y, Z = rng.standard_normal((3, 4, 5))
P = rng.random((4, 5)) * 0.9 + 0.05
SHARES = P / P.sum(1, keepdims=True)
EVENTS = np.float64(rng.random((4, 5)) > 0.5)
SIGNS = np.where(rng.random((4, 5)) > 0.5, 1, -1)
CLASSES = np.array([1, 0, 4, 2])
X3, X4 = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 4, 3, 3))
PLACES = rng.integers(0, 5, (2, 3))
V, W = rng.standard_normal(5), rng.random(5) + 0.1
NAMED = np.array([[0, 2, -1, 0, 0], [1, -1, 0, 0, 0], [4, 3, 2, 1, 0], [-1, 0, 0, 0, 0]])
WILD = np.array([np.inf, -np.inf, 0.0, -0.0, 300.0, -300.0])
WHOLE = np.arange(-10, 10).reshape(4, 5)
Q, K = rng.standard_normal((2, 3, 5, 4)), rng.standard_normal((2, 3, 6, 4))
Row = tuple[Any, ...]


def call(name: str, *args: Any, **options: Any) -> Row:
    def make(t: Any, *tensors: Any) -> Any:
        given = iter(tensors)
        positional = [next(given) if isinstance(a, np.ndarray) else a for a in args]
        constants = {k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        return getattr(t.nn.functional, name)(*positional, **constants)

    return (name, make, *(a for a in args if isinstance(a, np.ndarray)))


def in_place(name: str, *args: Any) -> Row:
    return (name, lambda t, x: getattr(t.nn.functional, name)(x * 1, *args), X)


SMOOTH = (
    "celu elu gelu leaky_relu logsigmoid mish relu relu6 selu sigmoid silu softplus softsign tanh tanhshrink"
).split()
BENT = "hardshrink hardsigmoid hardswish hardtanh softshrink".split()
APART = ["l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss"]
REDUCED: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *((name, (X, Y), {}) for name in APART),
    ("mse_loss", (X, Y), {"weight": P}),
    ("l1_loss", (X, Y), {"weight": P}),
    ("huber_loss", (X, Y), {"weight": P, "delta": 0.4}),
    ("smooth_l1_loss", (X, Y), {"beta": 0.3}),
    ("binary_cross_entropy", (P,), {"target": EVENTS, "weight": W}),
    ("binary_cross_entropy_with_logits", (X * 30,), {"target": EVENTS, "weight": W, "pos_weight": W}),
    ("cross_entropy", (X, CLASSES), {}),
    ("cross_entropy", (X, SHARES), {"label_smoothing": 0.2, "weight": W}),
    ("cross_entropy", (X3, PLACES), {"weight": W}),
    ("cross_entropy", (X, CLASSES), {"label_smoothing": 0.2, "weight": W, "ignore_index": 4}),
    ("nll_loss", (X, CLASSES), {"weight": W}),
    ("nll_loss", (X3, PLACES), {"ignore_index": 1}),
    ("kl_div", (X, SHARES), {}),
    ("kl_div", (X, Y), {"log_target": True}),
    ("poisson_nll_loss", (X,), {"target": P * 5, "full": True}),
    ("gaussian_nll_loss", (X, Y, P), {}),
    ("margin_ranking_loss", (X, Y, SIGNS), {"margin": 0.3}),
    ("hinge_embedding_loss", (X, SIGNS), {"margin": 0.8}),
    ("soft_margin_loss", (X, SIGNS), {}),
    ("cosine_embedding_loss", (X, Y, SIGNS[:, 0]), {"margin": 0.1}),
    ("triplet_margin_loss", (X, Y, Z), {"swap": True}),
    ("triplet_margin_with_distance_loss", (X, Y, Z), {"margin": 2.0}),
    ("multi_margin_loss", (X, CLASSES), {"p": 2, "margin": 0.5, "weight": W}),
    ("multilabel_margin_loss", (X, NAMED), {}),
    ("multilabel_soft_margin_loss", (X, EVENTS), {"weight": W}),
]
TABLE: list[Row] = [
    *(call(name, x) for name in SMOOTH for x in (X, X3, X[:0], WILD, WHOLE, np.array(1.5))),
    *(call(name, x.astype(np.float32)) for name in BENT for x in (X, X * 4, X[:0], np.array(1.5))),
    *(call(name, X3, dim=d) for name in ("softmax", "log_softmax", "softmin", "normalize") for d in (0, 1, 3)),
    *(call(name, WHOLE, dim=1) for name in ("softmax", "log_softmax", "softmin")),
    *(in_place(f"{name}_") for name in ("celu", "elu", "hardtanh", "leaky_relu", "relu", "selu", "rrelu")),
    in_place("threshold_", 0.1, 20.0), call("threshold", X, 0.1, 20.0), call("rrelu", X),
    call("rrelu", X, 0.2, 0.2, True),
    call("celu", X, 2.0), call("celu", X, 0.0), call("elu", X, 0.5), call("gelu", X, approximate="tanh"),
    call("gelu", X, approximate="x"), call("glu", X, 0), call("glu", X), call("glu", np.array(1.0)), call("glu", X4, 1),
    call("hardtanh", X, -0.5, 0.5), call("hardtanh", X, 1.0, -1.0), call("softplus", X, beta=2, threshold=1),
    call("softshrink", X, -1.0), call("prelu", X, W[:1]), call("prelu", X, V), call("prelu", X, V[:3]),
    call("softmax", np.full((2, 3), -np.inf), dim=1), call("gumbel_softmax", X, dim=9),
    *(call(n, *xs, **o, reduction=r) for n, xs, o in REDUCED for r in ("mean", "sum", "none", "average")),
    *(call(name, *xs) for name in APART for xs in ((X, Y[:1]), (X, Y[:, :3]), (X[:0], Y[:0]), (WHOLE, WHOLE))),
    call("smooth_l1_loss", X, Y, beta=0.0), call("smooth_l1_loss", X, Y, beta=-1.0),
    call("huber_loss", X, Y, delta=0.0),
    call("binary_cross_entropy", X, EVENTS), call("binary_cross_entropy", P, EVENTS[:2]),
    call("binary_cross_entropy_with_logits", X, SIGNS), call("binary_cross_entropy_with_logits", X, EVENTS[:2]),
    call("cross_entropy", V, np.array(3)), call("cross_entropy", X, CLASSES * 2),
    call("cross_entropy", X, CLASSES[:, None]),
    call("cross_entropy", X, np.full(4, -100)), call("cross_entropy", X, CLASSES.astype(np.uint8)),
    call("cross_entropy", X, CLASSES.astype(np.int32)), call("cross_entropy", X, CLASSES * 1.0),
    call("cross_entropy", X, CLASSES, weight=W[:3]), call("cross_entropy", X, CLASSES, label_smoothing=1.5),
    call("cross_entropy", X4, PLACES), call("nll_loss", X, CLASSES - 9), call("nll_loss", X, CLASSES, weight=W[:3]),
    call("kl_div", X, SHARES, reduction="batchmean"), call("gaussian_nll_loss", X, Y, P[:, 0]),
    call("gaussian_nll_loss", X, Y, -P), call("poisson_nll_loss", P, log_input=False, target=P * 5),
    call("triplet_margin_loss", X, V, Z), call("triplet_margin_loss", X, Y, Z, margin=-1.0),
    call("multi_margin_loss", X, CLASSES, p=3), call("cosine_embedding_loss", X, Y[:2], SIGNS[:, 0]),
    call("linear", X, Y), call("linear", X3, X3[0], V), call("linear", X, Y, V[:4]), call("linear", X, V),
    call("linear", X, Y[:, :3]), call("linear", X, Y.astype(np.float32)), call("linear", X[0], Y),
    call("bilinear", X, Y, rng.standard_normal((3, 5, 5)), V[:3]),
    call("bilinear", X, Y, rng.standard_normal((3, 4, 5))),
    call("embedding", PLACES, V), call("embedding", PLACES % 4, Y, padding_idx=1), call("embedding", PLACES + 9, Y),
    call("embedding", CLASSES % 3, Y, scale_grad_by_freq=True), call("embedding", X, Y),
    call("embedding", CLASSES % 4, Y, padding_idx=-1), call("embedding", CLASSES % 4, Y, padding_idx=9),
    *(call("embedding_bag", PLACES % 4, Y, mode=mode) for mode in ("sum", "mean", "max", "min")),
    call("embedding_bag", CLASSES % 4, Y, offsets=np.array([0, 2]), mode="sum", per_sample_weights=P[:, 0]),
    call("layer_norm", X, (5,)), call("layer_norm", X, [4, 5]), call("layer_norm", X, (5,), V, W),
    call("layer_norm", X, (4,)),
    call("rms_norm", X, (5,), V), call("rms_norm", X, (5,), V, 0.1), call("rms_norm", X, (3,)),
    call("group_norm", X4, 2, V[:4], W[:4]), call("group_norm", X4, 3), call("instance_norm", X4),
    call("instance_norm", X4[:, :, :1, :1]), call("local_response_norm", X4, 3), call("local_response_norm", X, 2),
    call("local_response_norm", X4, 0), call("batch_norm", X, None, None, V, W, True),
    call("batch_norm", X, None, None),
    call("batch_norm", X, running_mean=V, running_var=W), call("batch_norm", X[:1], None, None, training=True),
    call("batch_norm", X, running_mean=V[:3], running_var=W[:3]), call("normalize", X * 0), call("normalize", X, 1.0),
    call("cosine_similarity", X, Y), call("cosine_similarity", X, Y[:1], 0), call("cosine_similarity", X, Y[:, :3]),
    call("pairwise_distance", X, Y, 1.0, keepdim=True), call("pairwise_distance", X, V),
    call("pdist", X), call("pdist", X3),
    *(call("one_hot", classes, *n) for classes in (CLASSES, PLACES, CLASSES[:0], X) for n in ((), (7,), (2,))),
    call("scaled_dot_product_attention", Q, K, K * 2), call("scaled_dot_product_attention", Q, K, K, is_causal=True),
    call("scaled_dot_product_attention", Q, K, K, attn_mask=rng.random((5, 6)) > 0.3, scale=0.3),
    call("scaled_dot_product_attention", Q, K[:, :1], K[:, :1], enable_gqa=True),
    call("scaled_dot_product_attention", X, X, X), call("scaled_dot_product_attention", Q, K, K.astype(np.float32)),
    *(
        call(f"{n}dropout", X4, *p)
        for n in ("", "alpha_", "feature_alpha_")
        for p in ((1.0,), (-0.1,), (1.5,), (0.5, False))
    ),
    *(call(f"dropout{n}d", x, *p) for n, x in ((1, X3), (2, X4), (3, X4)) for p in ((1.0,), (1.5,), (0.5, False))),
    call("dropout1d", V), call("dropout2d", V),
    call("pad", X4, (1, 2)), call("pad", X4, (1, 0, -1, 2), value=3.0), call("pad", X4, (1,)),
    call("pad", X, (1, 1, 1, 1, 1, 1)),
    *(
        call("pad", X4, p, mode=mode)
        for mode in ("reflect", "replicate", "circular", "odd")
        for p in ((1, 2, 0, 1), (9, 9), (1,))
    ),
]  # fmt: skip
SPATIAL = {name for family in (convolution, images, pooling, sampling) for name in family.__all__}


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted({row[0] for row in TABLE}))
def test_values_derivatives_and_refusals(name: str) -> None:
    torch = pytest.importorskip("torch")
    for number, (_, make, *arrays) in enumerate(row for row in TABLE if row[0] == name):
        try:
            agree(torch, make, *arrays, name=False)
        except Exception as error:
            raise AssertionError(f"row {number} of {name}: {error}") from error


def test_every_function_has_rows() -> None:
    assert set(tg.nn.functional.__all__) - SPATIAL == {row[0] for row in TABLE} | {*BESIDE_MORE["nn.functional"]}
