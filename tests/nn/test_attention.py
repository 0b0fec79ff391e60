"""Attention and transformers against PyTorch's, from tables: outputs, weights, gradients, keys, text and errors."""

import inspect
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

N, L, S, E = 2, 3, 4, 4  # batch, queries, keys, size


def drawn(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def causal(size: int, other: int | None = None) -> np.ndarray:
    return ~np.tri(size, other or size, dtype=bool)  # True where nobody looks


HIDDEN = np.array([[False, True, False, False], [False, False, True, True]])  # keys of each sequence


def loaded(name: str, *args: Any, **options: Any) -> tuple[Any, Any]:
    """Our module and PyTorch's in float64 with the same weights, printing alike, in training without dropout."""
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, name)(*args, **options).double()
    ours = getattr(tg.nn, name)(*args, **options).double()
    compare_texts(ours, theirs)
    state = {key: drawn(*value.shape, seed=i) * 0.5 for i, (key, value) in enumerate(theirs.state_dict().items())}
    theirs.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
    ours.load_state_dict({key: tg.tensor(value) for key, value in state.items()})
    return ours, theirs


def compare_texts(ours: Any, theirs: Any) -> None:
    assert repr(ours) == repr(theirs)
    assert [(k, tuple(v.shape)) for k, v in ours.state_dict().items()] == [
        (k, tuple(v.shape)) for k, v in theirs.state_dict().items()
    ]


def close(ours: Any, theirs: Any, what: str) -> None:
    if theirs is None:
        assert ours is None, what
        return
    mine, yours = ours.detach().numpy(), theirs.detach().numpy()
    assert mine.shape == yours.shape and mine.dtype == yours.dtype, what
    np.testing.assert_allclose(mine, yours, rtol=1e-8, atol=1e-11, err_msg=what)


def compare(call: Any, modules: tuple[Any, Any], arrays: list[np.ndarray], masks: dict[str, Any]) -> None:
    """Results and gradients of ``call(library, module, *tensors, **masks)`` in training and in evaluation."""
    torch = pytest.importorskip("torch")
    for training in (True, False):
        found = []
        for library, module in zip((tg, torch), modules, strict=True):
            leaves = [library.tensor(array).requires_grad_() for array in arrays]
            given = {k: library.tensor(v) if isinstance(v, np.ndarray) else v for k, v in masks.items()}
            if module is not None:
                module.train(training)
                module.zero_grad()
            results = call(library, module, *leaves, **given)
            results = results if isinstance(results, tuple) else (results,)
            sum((r * library.tensor(drawn(*r.shape, seed=9))).sum() for r in results if r is not None).backward()
            found.append((results, leaves, [] if module is None else list(module.named_parameters())))
        for kind, (mine, yours) in enumerate(zip(*found, strict=True)):
            for a, b in zip(mine, yours, strict=True):
                if kind == 0:
                    close(a, b, "a result")
                else:
                    close(*(x[1].grad if kind == 2 else x.grad for x in (a, b)), f"a gradient: {b[0]}")


# --- the function ---------------------------------------------------------------------------------------------------

HEADS = [(N, 2, L, E), (N, 2, S, E), (N, 2, S, E)]
FUNCTION: list[tuple[str, Any, dict[str, Any]]] = [
    ("plain", HEADS, {}),
    ("matrices", [(L, E), (S, E), (S, 2)], {"scale": 0.3}),
    ("causal", [(N, L, E)] * 3, {"is_causal": True}),
    ("causal, more keys", HEADS, {"is_causal": True}),
    ("boolean", HEADS, {"attn_mask": drawn(L, S) > -0.5}),
    ("numbers", HEADS, {"attn_mask": drawn(N, 1, L, S)}),
    ("blind", HEADS, {"attn_mask": np.array([[True] * S, [False] * S, [True, False, True, False]])}),
    ("a row of numbers", HEADS, {"attn_mask": drawn(N, 2, 1, S)}),
    ("fewer keys than queries", [(N, S, E), (N, L, E), (N, L, 3)], {"is_causal": True}),
    ("broadcast heads", [(N, 2, L, E), (1, 2, S, E), (N, 1, S, E)], {"attn_mask": drawn(L, S) > -0.5}),
    ("no keys", [(N, L, E), (N, 0, E), (N, 0, E)], {}),
    ("no queries", [(N, 0, E), (N, S, E), (N, S, E)], {}),
    ("over the threshold", [(2, 4, 70, 33), (2, 4, 45, 33), (2, 4, 45, 17)], {"attn_mask": drawn(2, 1, 70, 45)}),
    ("over the threshold, causal", [(2, 4, 70, 33)] * 3, {"is_causal": True}),
    ("grouped", [(N, 4, L, E), (N, 2, S, E), (N, 2, S, E)], {"enable_gqa": True}),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("shapes", "options"), [row[1:] for row in FUNCTION], ids=[row[0] for row in FUNCTION])
def test_scaled_dot_product_attention(shapes: Any, options: dict[str, Any]) -> None:
    def call(library: Any, _module: Any, *tensors: Any, **given: Any) -> Any:
        return library.nn.functional.scaled_dot_product_attention(*tensors, **given)

    compare(call, (None, None), [drawn(*shape, seed=i) for i, shape in enumerate(shapes)], options)


def test_a_causal_mask_and_another_are_refused() -> None:
    q = tg.ones(2, 2)
    with pytest.raises(RuntimeError, match="Explicit attn_mask should not be set when is_causal=True"):
        tg.nn.functional.scaled_dot_product_attention(q, q, q, tg.zeros(2, 2), is_causal=True)


@pytest.mark.parametrize(
    "shapes", [((2, 3), (4, 5), (4, 2)), ((2, 3), (4, 3), (5, 2)), ((2, 2, 3), (3, 4, 3), (3, 4, 2))]
)
def test_sizes_that_do_not_fit(shapes: Any) -> None:
    with pytest.raises(RuntimeError):
        tg.nn.functional.scaled_dot_product_attention(*(tg.ones(*shape) for shape in shapes))


def test_a_second_derivative_and_a_row_that_looks_nowhere() -> None:
    attention = tg.nn.functional.scaled_dot_product_attention
    q, k, v = (tg.tensor(drawn(*shape, seed=i)).requires_grad_() for i, shape in enumerate([(L, E), (S, E), (S, 2)]))
    mask = tg.tensor(np.array([[True] * S, [False] * S, [True, False, True, False]]))
    assert tg.autograd.gradgradcheck(lambda q, k, v: attention(q, k, v, mask), (q, k, v))
    out = attention(q, k, v, mask)
    assert (out[1] == 0).all()
    out.sum().backward()
    assert (q.grad[1] == 0).all()


def test_a_mask_can_be_learned_and_dropped_weights_are_zero() -> None:
    q, mask = tg.tensor(drawn(L, E)), tg.tensor(drawn(L, L)).requires_grad_()
    attention = tg.nn.functional.scaled_dot_product_attention
    assert tg.autograd.gradcheck(lambda m: attention(q, q, q, m), (mask,))
    assert (attention(q, q, q, dropout_p=1.0) == 0).all()


# --- several heads --------------------------------------------------------------------------------------------------

MODULE: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("self", {}, "self", {}),
    ("self, batch first", {"batch_first": True}, "self", {"need_weights": False}),
    ("other keys", {"bias": False}, "other", {"average_attn_weights": False}),
    ("key is value", {"batch_first": True}, "key is value", {}),
    ("sizes", {"kdim": 5, "vdim": 3}, "other", {}),
    ("sizes, no bias", {"kdim": 5, "bias": False}, "other", {}),
    ("biases and zeros", {"add_bias_kv": True, "add_zero_attn": True}, "other", {"key_padding_mask": HIDDEN}),
    ("a mask", {"add_zero_attn": True}, "other", {"attn_mask": causal(L, S)}),
    ("masks", {"add_bias_kv": True}, "other", {"attn_mask": causal(L, S), "key_padding_mask": HIDDEN}),
    ("numbers", {}, "other", {"attn_mask": drawn(N * 2, L, S), "key_padding_mask": drawn(N, S)}),
    ("a hint", {}, "self", {"attn_mask": causal(L), "is_causal": True, "need_weights": False}),
    ("alone", {"batch_first": True}, "alone", {}),
    ("alone, masks", {}, "alone other", {"attn_mask": drawn(2, L, S), "key_padding_mask": HIDDEN[0]}),
]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("options", "how", "given"), [row[1:] for row in MODULE], ids=[row[0] for row in MODULE])
def test_multihead_attention(options: dict[str, Any], how: str, given: dict[str, Any]) -> None:
    modules = loaded("MultiheadAttention", E, 2, **options)
    sizes = (E, options.get("kdim", E), options.get("vdim", E))
    batch = () if how.startswith("alone") else (N,)
    lengths = (L, S, S)
    shapes = [
        (*batch, n, e) if options.get("batch_first") else (n, *batch, e) for n, e in zip(lengths, sizes, strict=True)
    ]
    arrays = [drawn(*shape, seed=i) for i, shape in enumerate(shapes)]

    def call(_library: Any, module: Any, *tensors: Any, **masks: Any) -> Any:
        if how in ("self", "alone"):
            tensors = tensors * 3
        elif how == "key is value":
            tensors = (*tensors, tensors[1])
        return module(*tensors, **masks)

    count = {"self": 1, "alone": 1, "key is value": 2}.get(how, 3)
    compare(call, modules, arrays[:count], given)


# --- transformers ---------------------------------------------------------------------------------------------------

PLAIN = {"dropout": 0.0, "dim_feedforward": 6}
LAYERS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("encoder", "TransformerEncoderLayer", {}, {}),
    ("norm first", "TransformerEncoderLayer", {"norm_first": True, "activation": "gelu", "batch_first": True}, {}),
    ("no bias", "TransformerEncoderLayer", {"bias": False, "layer_norm_eps": 0.1}, {"src_mask": causal(S)}),
    ("hidden", "TransformerEncoderLayer", {}, {"src_key_padding_mask": HIDDEN}),
    ("hint", "TransformerEncoderLayer", {}, {"src_mask": causal(S), "is_causal": True}),
    ("decoder", "TransformerDecoderLayer", {}, {}),
    ("decoder, norm first", "TransformerDecoderLayer", {"norm_first": True, "batch_first": True}, {}),
    (
        "decoder, masks",
        "TransformerDecoderLayer",
        {"activation": "gelu"},
        {"tgt_mask": causal(L), "memory_key_padding_mask": HIDDEN, "memory_mask": causal(L, S)},
    ),
]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "options", "masks"), [row[1:] for row in LAYERS], ids=[row[0] for row in LAYERS])
def test_layers(name: str, options: dict[str, Any], masks: dict[str, Any]) -> None:
    modules = loaded(name, E, 2, **PLAIN, **options)
    lengths = (S,) if "Encoder" in name else (L, S)
    arrays = [drawn(N, n, E) if options.get("batch_first") else drawn(n, N, E) for n in lengths]
    compare(lambda _library, module, *tensors, **given: module(*tensors, **given), modules, arrays, masks)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["TransformerEncoder", "TransformerDecoder"])
def test_stacks(name: str) -> None:
    torch = pytest.importorskip("torch")
    pair = []
    for library in (tg, torch):
        layer = getattr(library.nn, f"{name}Layer")(E, 2, **PLAIN, batch_first=True)
        pair.append(getattr(library.nn, name)(layer, 2, library.nn.LayerNorm(E)).double())
    ours, theirs = pair
    compare_texts(ours, theirs)
    first, second = ours.layers
    assert first is not second and tg.equal(first.linear1.weight, second.linear1.weight)
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()})
    masks = (
        {"mask": causal(S), "src_key_padding_mask": HIDDEN} if name == "TransformerEncoder" else {"tgt_mask": causal(L)}
    )
    arrays = [drawn(N, S, E)] if name == "TransformerEncoder" else [drawn(N, L, E), drawn(N, S, E)]
    compare(lambda _library, module, *tensors, **given: module(*tensors, **given), (ours, theirs), arrays, masks)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("first", [False, True])
def test_transformer(first: bool) -> None:
    modules = loaded("Transformer", E, 2, 1, 2, 6, 0.0, batch_first=first, norm_first=first)
    arrays = [drawn(N, n, E) if first else drawn(n, N, E) for n in (S, L)]
    masks = {"tgt_mask": causal(L), "src_key_padding_mask": HIDDEN, "memory_key_padding_mask": HIDDEN}
    compare(lambda _library, module, *tensors, **given: module(*tensors, **given), modules, arrays, masks)
    compare(lambda _library, module, *tensors: module(*tensors), modules, [drawn(S, E), drawn(L, E)], {})


def test_an_activation_may_be_a_module_or_a_function() -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = (lib.nn.TransformerEncoderLayer(E, 2, 6, activation=lib.nn.GELU()) for lib in (tg, torch))
    compare_texts(ours, theirs)
    layer = tg.nn.TransformerEncoderLayer(E, 2, 6, activation=tg.sin).eval()
    assert layer(tg.zeros(S, N, E)).shape == (S, N, E)
    copied = pickle.loads(pickle.dumps(tg.nn.TransformerEncoderLayer(E, 2, 6).eval()))
    assert copied(tg.zeros(S, N, E)).shape == (S, N, E)


def test_dropout_in_attention_is_for_training() -> None:
    attention = tg.nn.MultiheadAttention(E, 2, dropout=1.0)
    x = tg.randn(L, N, E)
    assert (attention(x, x, x)[1] == 0).all()
    assert (attention.eval()(x, x, x)[1] > 0).all()


def test_how_weights_begin() -> None:
    attention = tg.nn.MultiheadAttention(100, 2, add_bias_kv=True)
    bound = (6 / (100 + 300)) ** 0.5
    assert bound * 0.99 < attention.in_proj_weight.abs().max() <= bound
    assert (attention.in_proj_bias == 0).all() and (attention.out_proj.bias == 0).all()
    assert attention.bias_k.std() > 0


def test_the_causal_mask() -> None:
    mask = tg.nn.Transformer.generate_square_subsequent_mask(3)
    inf = float("inf")
    assert mask.tolist() == [[0, -inf, -inf], [0, 0, -inf], [0, 0, 0]]
    assert tg.nn.Transformer.generate_square_subsequent_mask(2, dtype=tg.float64).dtype is tg.float64


@pytest.mark.oracle
@pytest.mark.parametrize(
    "name",
    [
        "MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder", "TransformerDecoderLayer",
        "TransformerDecoder", "Transformer",
    ],
)  # fmt: skip
def test_signatures(name: str) -> None:
    torch = pytest.importorskip("torch")
    for take in (lambda cls: cls, lambda cls: cls.forward):
        mine, yours = (inspect.signature(take(getattr(lib.nn, name))).parameters.values() for lib in (tg, torch))
        assert [(p.name, getattr(p.default, "__name__", p.default)) for p in mine] == [
            (p.name, getattr(p.default, "__name__", p.default)) for p in yours
        ]


def mha(t: Any, *shapes: Any, **masks: Any) -> Any:
    return t.nn.MultiheadAttention(4, 2)(*(t.zeros(*shape) for shape in shapes), **masks)


SAME = [(3, 2, 4)] * 3
REFUSED: list[tuple[str, Any]] = [
    ("heads", lambda t: t.nn.MultiheadAttention(5, 2)),
    ("no size", lambda t: t.nn.MultiheadAttention(0, 2)),
    ("ranks", lambda t: mha(t, (2, 1, 4), (2, 4), (2, 4))),
    ("rank", lambda t: mha(t, (4,), (2, 4), (2, 4))),
    ("a hint alone", lambda t: mha(t, *SAME, is_causal=True)),
    ("a mask's shape", lambda t: mha(t, *SAME, attn_mask=t.zeros(2, 2))),
    ("a mask of heads", lambda t: mha(t, *SAME, attn_mask=t.zeros(2, 3, 3))),
    ("a mask's rank", lambda t: mha(t, *SAME, attn_mask=t.zeros(2))),
    ("padding's shape", lambda t: mha(t, *SAME, key_padding_mask=t.zeros(3, 2, dtype=t.bool))),
    ("padding's dtype", lambda t: mha(t, *SAME, key_padding_mask=t.zeros(2, 3, dtype=t.int64))),
    ("size", lambda t: mha(t, (3, 2, 5), (3, 2, 4), (3, 2, 4))),
    ("keys and values", lambda t: mha(t, (3, 2, 4), (4, 2, 4), (3, 2, 4))),
    ("vectors", lambda t: t.nn.functional.scaled_dot_product_attention(t.zeros(4), t.zeros(4), t.zeros(4))),
    ("keys", lambda t: t.nn.functional.scaled_dot_product_attention(t.zeros(2, 4), t.zeros(2, 3), t.zeros(2, 4))),
    (
        "dtypes",
        lambda t: t.nn.functional.scaled_dot_product_attention(t.zeros(2, 4), t.zeros(2, 4).double(), t.zeros(2, 4)),
    ),
    (
        "a mask of integers",
        lambda t: t.nn.functional.scaled_dot_product_attention(*(t.zeros(2, 4),) * 3, t.ones(2, 2, dtype=t.int64)),
    ),
    (
        "groups",
        lambda t: t.nn.functional.scaled_dot_product_attention(
            t.zeros(1, 3, 2, 4), t.zeros(1, 2, 2, 4), t.zeros(1, 2, 2, 4), enable_gqa=True
        ),
    ),
    ("an activation", lambda t: t.nn.TransformerEncoderLayer(4, 2, activation="tanh")),
    ("batches", lambda t: t.nn.Transformer(4, 2, 1, 1, 8)(t.zeros(3, 2, 4), t.zeros(3, 3, 4))),
    ("features", lambda t: t.nn.Transformer(4, 2, 1, 1, 8)(t.zeros(3, 2, 4), t.zeros(3, 2, 5))),
]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("attempt", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused(attempt: Any) -> None:
    torch = pytest.importorskip("torch")
    caught = []
    for library in (tg, torch):
        with pytest.raises((RuntimeError, ValueError, AssertionError)) as error:
            attempt(library)
        caught.append(error.value)
    assert isinstance(caught[0], type(caught[1])), caught
