"""Every layer, activation and loss against PyTorch's: one table; the same weights, outputs, gradients, keys and text.

A row is a class, its arguments, and the shapes of its inputs. A module without a row fails the build.
"""

import inspect
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.module_cases import BESIDE_MORE
from support.spatial import NAMED_ALIKE, SPATIAL

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

CLASSES = {"class": 4}  # a target of class indices below 4, one for each sample


def case(*args: Any, inputs: Any = ((3, 4),), **options: Any) -> tuple[Any, Any, Any]:
    return args, options, inputs


def ints(low: int, high: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(3).integers(low, high, shape)


def signs(*shape: int) -> np.ndarray:
    return ints(0, 2, *shape) * 2.0 - 1


def unit(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).random(shape) * 0.9 + 0.05


PAIR = ((3, 4), (3, 4))
LOGITS = ((3, 4), ints(0, 4, 3))
PLACES = ((2, 4, 3), ints(0, 4, 2, 3))
WEIGHT = np.array([0.5, 1.0, 2.0, 0.25])
SHARES = np.array([[0.1, 0.2, 0.3, 0.4], [1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.5, 0.0]])
SKIPPED = np.array([1, -100, 3])

CASES: dict[str, list[tuple[Any, Any, Any]]] = {
    # linear and shape
    "Identity": [case(), case(1, a=2)],
    "Linear": [case(4, 2), case(4, 2, bias=False), case(4, 2, inputs=((2, 3, 4),)), case(4, 2, inputs=((4,),))],
    "Bilinear": [case(4, 3, 2, inputs=((5, 4), (5, 3))), case(4, 3, 2, bias=False, inputs=((2, 5, 4), (2, 5, 3)))],
    "Flatten": [case(inputs=((2, 3, 4),)), case(0, 1, inputs=((2, 3, 4),))],
    "Unflatten": [case(1, (2, 2)), case(-1, (2, -1))],
    "Embedding": [
        case(5, 3, inputs=(ints(0, 5, 2, 4),)),
        case(5, 3, padding_idx=1, inputs=(ints(0, 5, 2, 4),)),
        case(5, 3, padding_idx=-1, scale_grad_by_freq=True, inputs=(ints(0, 5, 6),)),
        case(5, 3, max_norm=0.5, norm_type=1.0, inputs=(np.array([0, 1, 1]),)),
    ],
    "EmbeddingBag": [
        case(5, 3, inputs=(ints(0, 5, 2, 4),)),
        case(5, 3, mode="sum", padding_idx=1, inputs=(ints(0, 5, 2, 4),)),
        case(5, 3, mode="max", inputs=(ints(0, 5, 2, 4),)),
        case(5, 3, mode="sum", inputs=(ints(0, 5, 7), np.array([0, 0, 3]), (7,))),
        case(5, 3, mode="max", padding_idx=-1, inputs=(ints(0, 5, 7), np.array([0, 3, 7]))),
        case(5, 3, include_last_offset=True, inputs=(ints(0, 5, 7), np.array([0, 3, 7]))),
    ],
    "AdaptiveLogSoftmaxWithLoss": [],  # gives two results; see test_rare_layers.py
    "CosineSimilarity": [case(inputs=PAIR), case(dim=0, eps=1e-6, inputs=PAIR)],
    "PairwiseDistance": [case(inputs=PAIR), case(1.0, keepdim=True, inputs=PAIR)],
    # activations
    "ReLU": [case(), case(inplace=True)],
    "ReLU6": [case(), case(inplace=True)],
    "LeakyReLU": [case(), case(0.2, True)],
    "RReLU": [],  # random; see below
    "PReLU": [case(), case(4), case(4, 0.1, inputs=((2, 4, 3),))],
    "Threshold": [case(0.1, 20), case(0.1, 20, True)],
    "ELU": [case(), case(0.5, inplace=True)],
    "CELU": [case(), case(0.5, inplace=True)],
    "SELU": [case(), case(True)],
    "GELU": [case(), case(approximate="tanh")],
    "SiLU": [case(), case(True)],
    "Mish": [case(), case(True)],
    "GLU": [case(), case(0, inputs=((4, 3),))],
    "Sigmoid": [case()],
    "LogSigmoid": [case()],
    "Hardsigmoid": [case(), case(True)],
    "Hardswish": [case()],
    "Hardtanh": [case(), case(-0.5, 0.3), case(inplace=True)],
    "Tanh": [case()],
    "Tanhshrink": [case()],
    "Softsign": [case()],
    "Softplus": [case(), case(2, 0.5)],
    "Hardshrink": [case(), case(0.3)],
    "Softshrink": [case(), case(0.3)],
    "Softmax": [case(dim=1), case(dim=0)],
    "Softmin": [case(dim=1)],
    "LogSoftmax": [case(dim=-1)],
    "Softmax2d": [case(inputs=((2, 3, 2, 2),)), case(inputs=((3, 2, 2),))],
    # normalisation
    "LayerNorm": [case(4), case((3, 4), eps=1e-3), case([4], elementwise_affine=False), case(4, bias=False)],
    "RMSNorm": [case(4), case((3, 4), eps=1e-3), case([4], elementwise_affine=False)],
    "GroupNorm": [case(2, 4), case(4, 4, 1e-3, inputs=((2, 4, 3),)), case(1, 4, affine=False, inputs=((2, 4, 2, 2),))],
    "BatchNorm1d": [
        case(4),
        case(4, inputs=((2, 4, 3),)),
        case(4, affine=False, momentum=None),
        case(4, track_running_stats=False, eps=1e-3),
    ],
    "BatchNorm2d": [case(3, momentum=0.3, inputs=((2, 3, 2, 2),))],
    "BatchNorm3d": [case(3, inputs=((2, 3, 2, 2, 1),))],
    # losses
    "L1Loss": [case(inputs=PAIR), case(reduction="sum", inputs=PAIR), case(reduction="none", inputs=PAIR)],
    "MSELoss": [case(inputs=PAIR), case(reduction="sum", inputs=PAIR), case(reduction="none", inputs=PAIR)],
    "SmoothL1Loss": [case(inputs=PAIR), case(beta=0.3, reduction="sum", inputs=PAIR), case(beta=0.0, inputs=PAIR)],
    "HuberLoss": [case(inputs=PAIR), case(reduction="none", delta=0.3, inputs=PAIR)],
    "NLLLoss": [
        case(inputs=LOGITS),
        case(weight=WEIGHT, inputs=LOGITS),
        case(weight=WEIGHT, reduction="none", inputs=PLACES),
        case(ignore_index=2, reduction="sum", inputs=PLACES),
        case(inputs=((3, 4), SKIPPED)),
        case(inputs=((4,), np.array(2))),
    ],
    "CrossEntropyLoss": [
        case(inputs=LOGITS),
        case(inputs=PLACES),
        case(inputs=((4,), np.array(2))),
        case(weight=WEIGHT, inputs=LOGITS),
        case(weight=WEIGHT, label_smoothing=0.2, inputs=((3, 4), SKIPPED)),
        case(label_smoothing=0.2, inputs=PLACES),
        case(label_smoothing=0.2, reduction="none", ignore_index=1, weight=WEIGHT, inputs=PLACES),
        case(label_smoothing=0.2, reduction="sum", inputs=((3, 4), SKIPPED)),
        case(inputs=((3, 4), SHARES)),
        case(weight=WEIGHT, label_smoothing=0.1, inputs=((3, 4), SHARES)),
        case(reduction="sum", weight=WEIGHT, inputs=((3, 4), SHARES)),
        case(reduction="none", inputs=((3, 4), SHARES)),
    ],
    "BCELoss": [
        case(inputs=(unit(3, 4), unit(3, 4))),
        case(reduction="sum", inputs=(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.5]))),
        case(weight=WEIGHT, reduction="none", inputs=(unit(3, 4), unit(3, 4))),
    ],
    "BCEWithLogitsLoss": [
        case(inputs=((3, 4), unit(3, 4))),
        case(weight=WEIGHT, pos_weight=WEIGHT, reduction="sum", inputs=((3, 4), unit(3, 4))),
        case(reduction="none", inputs=(np.array([100.0, -100.0]), np.array([0.0, 1.0]))),
    ],
    "KLDivLoss": [
        case(inputs=((3, 4), SHARES)),
        case(reduction="batchmean", inputs=((3, 4), SHARES)),
        case(reduction="sum", log_target=True, inputs=PAIR),
    ],
    "PoissonNLLLoss": [
        case(inputs=((3, 4), unit(3, 4) * 5)),
        case(log_input=False, full=True, reduction="sum", inputs=(unit(3, 4), unit(3, 4) * 5)),
    ],
    "GaussianNLLLoss": [
        case(inputs=((3, 4), (3, 4), unit(3, 4))),
        case(full=True, eps=0.5, reduction="sum", inputs=((3, 4), (3, 4), unit(3, 1))),
        case(reduction="none", inputs=((3, 4), (3, 4), unit(3))),
    ],
    "CTCLoss": [],  # of what log_softmax gives; see test_rare_layers.py
    "MarginRankingLoss": [case(inputs=((4,), (4,), signs(4))), case(0.5, reduction="sum", inputs=(*PAIR, signs(3, 4)))],
    "HingeEmbeddingLoss": [case(inputs=((3, 4), signs(3, 4))), case(2.0, inputs=((3, 4), signs(3, 4)))],
    "SoftMarginLoss": [case(inputs=((3, 4), signs(3, 4)))],
    "CosineEmbeddingLoss": [case(inputs=(*PAIR, signs(3))), case(0.2, inputs=((4,), (4,), np.array(1.0)))],
    "MultiMarginLoss": [
        case(inputs=LOGITS),
        case(2, 0.5, weight=WEIGHT, reduction="sum", inputs=LOGITS),
        case(inputs=((4,), np.array(1))),
    ],
    "MultiLabelMarginLoss": [
        case(inputs=((3, 4), np.array([[3, 0, -1, 1], [-1, 0, 1, 2], [0, 1, 2, 3]]))),
        case(reduction="sum", inputs=((4,), np.array([3, 0, -1, 1]))),
    ],
    "MultiLabelSoftMarginLoss": [
        case(inputs=((3, 4), np.abs(ints(0, 2, 3, 4)) * 1.0)),
        case(weight=WEIGHT, reduction="none", inputs=((3, 4), unit(3, 4))),
    ],
    "TripletMarginLoss": [
        case(inputs=((3, 4), (3, 4), (3, 4))),
        case(2.0, 1.0, swap=True, reduction="sum", inputs=((3, 4), (3, 4), (3, 4))),
    ],
    "TripletMarginWithDistanceLoss": [case(margin=3.0, swap=True, inputs=((3, 4), (3, 4), (3, 4)))],
    **SPATIAL,
}
# What needs its own tests: chance, and what holds other modules.
ELSEWHERE = {*BESIDE_MORE["nn"]}  # containers, chance, recurrent layers and transformers
TABLE = [(name, *row) for name, rows in CASES.items() for row in rows]
IDS = [f"{name}-{i}" for name, rows in CASES.items() for i in range(len(rows))]


def both(value: Any) -> tuple[Any, Any]:
    """The same Tensor in both libraries; anything else as it is."""
    if not isinstance(value, np.ndarray):
        return value, value
    return tg.tensor(value), torch.tensor(value)


def build(name: str, args: Any, options: Any) -> tuple[Any, Any]:
    """Our module and PyTorch's, in float64, with the same weights."""
    pairs = {key: both(value) for key, value in options.items()}
    ours = getattr(tg.nn, name)(*args, **{key: pair[0] for key, pair in pairs.items()}).double()
    theirs = getattr(torch.nn, name)(*args, **{key: pair[1] for key, pair in pairs.items()}).double()
    draws = np.random.default_rng(2)
    state = {key: np.array(value.numpy()) for key, value in theirs.state_dict().items()}
    for key, value in state.items():
        if value.dtype.kind == "f" and key != "weight" or value.ndim > 1:
            state[key] = draws.random(value.shape) + 0.1
    theirs.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
    ours.load_state_dict({key: tg.tensor(value) for key, value in state.items()})
    return ours, theirs


def arguments(inputs: Any) -> tuple[list[Any], list[Any]]:
    draws = np.random.default_rng(1)
    arrays = [np.asarray(i) if isinstance(i, np.ndarray) else draws.standard_normal(i) for i in inputs]
    ours, theirs = [tg.tensor(a) for a in arrays], [torch.tensor(a) for a in arrays]
    for given, a, b in zip(inputs, ours, theirs, strict=True):
        if a.is_floating_point() and (not isinstance(given, np.ndarray) or given is inputs[0]):
            a.requires_grad_()
            b.requires_grad_()
    return ours, theirs


def close(actual: Any, expected: Any, what: str) -> None:
    if expected is None:
        assert actual is None, what
        return
    actual, expected = actual.detach().numpy(), expected.detach().numpy()
    assert actual.dtype == expected.dtype and actual.shape == expected.shape, what
    rtol = 1e-7 if what.startswith(("Hardsigmoid", "BCELoss")) else 1e-9  # PyTorch has float32 constants there
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-11, err_msg=what)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "args", "options", "inputs"), TABLE, ids=IDS)
def test_outputs_gradients_keys_and_text(name: str, args: Any, options: Any, inputs: Any) -> None:
    ours, theirs = build(name, args, options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for training in (True, False):
        ours.train(training), theirs.train(training)
        mine, yours = arguments(inputs)
        # An in-place module may not write into a leaf.
        out, expected = (f(*(x * 1 if x.requires_grad else x for x in xs)) for f, xs in ((ours, mine), (theirs, yours)))
        close(out, expected, f"{name} output")
        if expected.requires_grad:
            pull = np.random.default_rng(5).standard_normal(tuple(expected.shape))
            ours.zero_grad(), theirs.zero_grad()
            out.backward(tg.tensor(pull)), expected.backward(torch.tensor(pull))
            for i, (a, b) in enumerate(zip(mine, yours, strict=True)):
                close(a.grad, b.grad, f"{name} gradient of input {i}")
            for (key, a), (_, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
                close(a.grad, b.grad, f"{name} gradient of {key}")
        for key, value in theirs.state_dict().items():
            close(ours.state_dict()[key], value, f"{name} {key} afterwards")


@pytest.mark.parametrize("name", list(CASES))
def test_signatures(name: str) -> None:
    theirs = inspect.signature(getattr(torch.nn, name)).parameters
    mine = inspect.signature(getattr(tg.nn, name)).parameters
    without = {"min_value", "max_value"} | ({"args", "kwargs"} if name != "Identity" else set())
    assert [(p.name, p.default, p.kind) for p in mine.values() if p.name not in without] == [
        (p.name, p.default, p.kind) for p in theirs.values() if p.name not in without
    ]


def test_every_module_is_in_the_table() -> None:
    mine = {
        name
        for name in tg.nn.__all__
        if isinstance(getattr(tg.nn, name), type) and issubclass(getattr(tg.nn, name), tg.nn.Module)
    }
    lazy = {name for name in mine if name.startswith("Lazy")}  # (test_lazy.py)
    assert mine - ELSEWHERE - set(CASES) - lazy == set()


@pytest.mark.parametrize("name", tg.nn.functional.__all__)
def test_functions_have_pytorch_s_names_and_arguments(name: str) -> None:
    theirs = getattr(torch.nn.functional, name)
    try:
        wanted = list(inspect.signature(theirs).parameters)
    except ValueError:
        return  # written in C++
    mine = list(inspect.signature(getattr(tg.nn.functional, name)).parameters)
    if name.endswith("_") or wanted == ["args", "kwargs"]:
        return
    assert [n for n in wanted if n not in ("use_input_stats",)] == [n for n in mine if n not in ("use_input_stats",)]


@pytest.mark.parametrize(
    ("name", "arguments", "target"),
    [
        ("cross_entropy", ((3, 4),), [0, 4, 1]),
        ("cross_entropy", ((3, 4),), [0, -1, 1]),
        ("cross_entropy", ((3, 4),), [0, 1]),
        ("nll_loss", ((2, 4, 3),), [0, 1]),
        ("binary_cross_entropy", ((2,),), [0.0]),
        ("binary_cross_entropy_with_logits", ((2,),), [0.0]),
        ("linear", ((2, 3),), [[1.0, 2.0]]),
        ("embedding", (), [[1.0]]),
        ("layer_norm", ((2, 3),), (4,)),
        ("one_hot", (), None),
    ],
)
def test_what_is_refused_is_refused_with_the_same_kind_of_error(name: str, arguments: Any, target: Any) -> None:
    def attempt(library: Any) -> Exception:
        given = [library.ones(*shape) for shape in arguments]
        function = getattr(library.nn.functional, name)
        if name == "embedding":
            given = [library.tensor([5]), library.tensor(target)]
        elif name == "one_hot":
            given = [library.tensor([-1])]
        else:
            given.append(library.tensor(target) if isinstance(target, list) else target)
        with pytest.raises((RuntimeError, ValueError, IndexError)) as caught, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(*given)
        return caught.value

    ours, theirs = attempt(tg), attempt(torch)
    assert isinstance(ours, type(theirs)), (ours, theirs)


@pytest.mark.parametrize(
    "name", ["MSELoss", "NLLLoss", "CrossEntropyLoss", "ReLU", "Sigmoid", "Tanh", "Linear", *NAMED_ALIKE]
)
def test_grad_fn_prints_as_pytorch_s(name: str) -> None:
    args, options, inputs = CASES[name][0]
    ours, theirs = build(name, args, options)
    mine, yours = arguments(inputs)
    assert ours(*mine).grad_fn.name() == theirs(*yours).grad_fn.name()


def test_instance_norm_and_its_running_values() -> None:
    x = np.random.default_rng(6).standard_normal((2, 3, 4))
    running = [[np.zeros(3), np.ones(3)] for _ in range(2)]
    mine = [tg.tensor(x).requires_grad_(), *map(tg.tensor, running[0])]
    yours = [torch.tensor(x, requires_grad=True), *map(torch.tensor, running[1])]
    for kept in (True, False):
        out = tg.nn.functional.instance_norm(*mine, use_input_stats=kept)
        expected = torch.nn.functional.instance_norm(*yours, use_input_stats=kept)
        close(out, expected, "instance_norm")
        (out * out * out).sum().backward(), (expected * expected * expected).sum().backward()
        for a, b in zip((mine[0].grad, *mine[1:]), (yours[0].grad, *yours[1:]), strict=True):
            close(a, b, "instance_norm gradient and running values")


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "celu", "hardtanh"])
def test_in_place_functions(name: str) -> None:
    x = np.linspace(-2, 2, 7)
    mine, yours = tg.tensor(x).requires_grad_(), torch.tensor(x, requires_grad=True)
    for library, leaf in ((tg, mine), (torch, yours)):
        y = leaf * 1
        assert getattr(library.nn.functional, f"{name}_")(y) is y
        (y * y).sum().backward()
    close(mine.grad, yours.grad, name)
