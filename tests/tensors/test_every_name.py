"""No public name escapes: each is a row of the operation table, or is tried beside PyTorch here, or says why not.

The expressions of `support.composed_cases` run on Tensors of several types, layouts and shapes. Both libraries give
the same values, types, shapes and gradients (and strides, where the result is a view), or both refuse, with the same
type of error.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.composed_cases import EXPRESSIONS
from support.module_cases import BESIDE_MORE, OWN_MORE

import tinygrad_edu as tg
import tinygrad_edu.nn  # noqa: F401 - its operations are in the table too
from tinygrad_edu.ops.registry import operations

rng = np.random.default_rng(3)
A, B = (rng.permutation(24)[:6].reshape(2, 3) / 8 - 1.15 for _ in range(2))
INPUTS: dict[str, tuple[Any, Any]] = {
    "float64": (A, B),
    "float32": (A.astype(np.float32), B.astype(np.float32)),
    "transposed": (np.ascontiguousarray(A.T).T, np.ascontiguousarray(B.T).T),
    "int64": (np.array([[3, 0, 2], [-1, 2, 1]]), np.array([[1, 2, -3], [2, 1, 2]])),
    "uint8": (np.array([[3, 0, 2], [1, 2, 1]], np.uint8), np.array([[1, 2, 3], [2, 1, 2]], np.uint8)),
    "bool": (A > 0, B > 0),
    "empty": (np.zeros((0, 3)), np.zeros((0, 3))),
    "0-d": (np.array(0.75), np.array(0.5)),
}

_FLOATS = r"\[(float64|float32|transposed|empty|0-d)\]"
# Where the two differ, as a pattern for "expression [input]", and why. A case that does not differ fails the test.
DIFFERENT: dict[str, str] = {
    rf"c\.a(rc)?(cosh|sinh|tanh)_\(\) {_FLOATS}": "PyTorch has no derivative for the in-place form",
    rf"c\.(eq|ne|lt|le|gt|ge|not_equal|less(_equal)?|greater(_equal)?)_\(y\) {_FLOATS}": "its zeros for y are our None",
    r"c\.logical_(and_\(y|or_\(y|xor_\(y|not_\()\) \[(float64|float32|transposed|0-d)\]": "its old gradient goes on",
    r"c\.(hypot|atan2|arctan2|logical_\w+)_\(3\) \[.*": "we take a number too",
    r"[xc]\.(scatter|scatter_add|scatter_|scatter_add_|gather)\(1, x.* \[(empty|0-d)\]": "it looks at the type last",
    r"x\.take_along_dim\(x, 1\) \[int64\]": "it looks beyond the row",
    r"[xc]\.index_fill_?\(1, x, 1\) \[int64\]|c\.index_put_\(\(x,\), y\) \[int64\]": "another check comes first",
    r"c\.b?addbmm_\(x, y\) \[.*": "another check comes first",
    r"x\.softmax\(9\) \[(int64|uint8|bool)\]|x\.mv\(y\) \[0-d\]": "another check comes first",
    r"x\.(nan)?median\(9\) \[bool\]": "another check comes first",
    r"t\.isin\(x, .*\) \[bool\]|.*mean.*include_self.* \[bool\]": "we take bools",
    r"c\.geometric_.*shape \[bool\]": "we take bools",
    r"t\.isin\(x, y\) \[transposed\]": "we take a layout that it does not",
    r"c\.addcdiv_\(x, i\[0\]\) \[(float64|float32|transposed|empty)\]": "its derivative fails",
    r"c\.logit_\('a'\) \[.*": "refused by the type of the result",
    r"c\.nan_to_num_\(.a.\) \[(int64|uint8|bool)\]": "nothing is put in there, so nothing is looked at",
    r"c\.round_\(decimals=1\) \[(int64|uint8)\]": "refused otherwise, or in an empty one not",
}
# Rounded otherwise on some machines: compared by nobody.
ROUNDED = r"c\.remainder_\(y\) \[float32\]"

# Names that are not compared in this table: they have cases in the one of all rooms, where a result stands alone.
ELSEWHERE = {*BESIDE_MORE["torch"], *OWN_MORE["torch"]}

# What is right for every Tensor: what asks for its state, makes it another type, or turns it. Arguments are too many.
NEVER_REFUSED = set(
    """
    DoubleTensor H T adjoint argwhere atleast_2d bool byte char cpu data device dim double element_size float float32
    full get_device grad grad_fn half int int32 is_complex is_contiguous is_cpu is_cuda is_floating_point is_leaf
    is_meta is_mkldnn is_mps is_nested is_pinned is_quantized is_same_size is_sparse is_storage is_tensor is_xpu isreal
    itemsize layout long mH mT msort nbytes ndim ndimension nelement new nonzero numel output_nr ravel resize_
    retains_grad short storage_offset stride t_ tolist type_as typename
    """.split()
)


# What is refused of the names that are tested elsewhere: an object that is no argument of any, or what stands here.
REFUSED_ELSEWHERE: dict[str, str] = {
    "from_dlpack": "t.from_dlpack(x, 'a')",
    "is_inference": "t.is_inference(x, 'a')",
    "pin_memory": "x.pin_memory('a')",
    "register_hook": "x.register_hook(x, 'a')",
    "register_post_accumulate_grad_hook": "x.register_post_accumulate_grad_hook(x, 'a')",
    "set_float32_matmul_precision": "t.set_float32_matmul_precision(x, 'a')",
    "set_printoptions": "t.set_printoptions(nonsense=1)",
    "use_deterministic_algorithms": "t.use_deterministic_algorithms(x, 'a')",
}
# Names that PyTorch lacks, or has as a function only: a call that is refused, by which type of error, in what words.
# Where PyTorch has the function (without the underscore), or the name, its error is of that type too.
OUR_REFUSALS: dict[str, tuple[str, type[Exception], str]] = {
    **{
        f"{name}_": (f"c.{name}_('text')", TypeError, rf"{name}\(\)")
        for name in "fmax fmin hardshrink logaddexp logaddexp2 maximum minimum rsub".split()
    },
    **{
        name: (f"t.{name}('text')", TypeError, "takes 0 positional arguments")  # there is no argument to be wrong
        for name in "get_backend get_matmul get_printoptions".split()
    },
    "compile": ("t.compile(3)", AssertionError, "callable"),
    "draw_graph": ("x.draw_graph('text')", TypeError, "takes 1 positional argument"),
    "load_ipython_extension": ("t.load_ipython_extension(None, 'text')", TypeError, "takes from 0 to 1"),
    "minimize": ("t.minimize(lambda x: x.sum(), [1.0], optim='nonsense')", ValueError, "nonsense"),
    "set_": ("c.set_('text')", TypeError, "must be Tensor"),
    "set_backend": ("t.set_backend('nonsense')", ValueError, "[Cc]hoose one of"),
    "set_matmul": ("t.set_matmul('nonsense')", ValueError, "[Cc]hoose one of"),
    "unload_ipython_extension": ("t.unload_ipython_extension(None, 'text')", TypeError, "takes from 0 to 1"),
}
# Of shapes that do not fit, too.
OUR_BAD_SHAPES = "fmax_ fmin_ logaddexp_ logaddexp2_ maximum_ minimum_ rsub_".split()


def covered() -> set[str]:
    """The names in the expressions, after a dot."""
    return {name for each in EXPRESSIONS for name in re.findall(r"\.([A-Za-z_]\w*)", each)}


def public_names() -> set[str]:
    functions = {n for n in dir(tg) if n[0] != "_" and inspect.isroutine(getattr(tg, n))}
    return functions | {n for n in dir(tg.Tensor) if n[0] != "_"}


def test_every_name_has_cases() -> None:
    """A name without cases fails the build: give it some in `support.composed_cases`."""
    table = operations()
    rows = {op.method_name for op in table.values() if isinstance(op.method_name, str)} | set(table)
    missing = public_names() - rows - covered() - ELSEWHERE
    assert not missing, f"no case beside PyTorch, and no reason: {sorted(missing)}"
    assert not (ELSEWHERE & rows) - {"hardshrink_"}, "these are in the table now"


@pytest.mark.parametrize("name", OUR_REFUSALS)
def test_a_name_of_ours_refuses_bad_input(name: str) -> None:
    expression, kind, words = OUR_REFUSALS[name]
    backend, matmul = tg.get_backend(), tg.get_matmul()
    found, around = run(tg, expression, "float32")
    assert isinstance(found, kind) and re.search(words, str(found)), f"{expression}: {found!r}"
    assert np.array_equal(around["c"].detach().numpy(), INPUTS["float32"][0]) and around["c"]._version == 0
    assert (tg.get_backend(), tg.get_matmul()) == (backend, matmul)


@pytest.mark.parametrize("name", OUR_BAD_SHAPES)
def test_a_form_of_ours_refuses_shapes_that_do_not_fit(name: str) -> None:
    found, around = run(tg, f"c.{name}(t.ones(5, 7))", "float32")
    assert isinstance(found, RuntimeError) and "broadcast" in str(found), found
    assert around["c"]._version == 0


class TestBesidePyTorch:
    pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

    @pytest.mark.parametrize("kind", INPUTS)
    def test_alike(self, kind: str) -> None:
        torch = pytest.importorskip("torch")
        found = []
        for expression in EXPRESSIONS:
            case = f"{expression} [{kind}]"
            told = "" if re.fullmatch(ROUNDED, case) else difference(torch, expression, kind)
            why = [reason for pattern, reason in DIFFERENT.items() if re.fullmatch(pattern, case)]
            if told and not why:
                found.append(f"{case}: {told}")
            elif why and not told and not re.fullmatch(ROUNDED, case):
                found.append(f"{case}: not different any more, though it was said: {why[0]}")
        assert not found, "\n".join([f"{len(found)} of {len(EXPRESSIONS)} differ:", *found[:20]])

    def test_every_name_has_a_case_that_is_refused(self) -> None:
        torch = pytest.importorskip("torch")
        refused: set[str] = set()
        for expression in EXPRESSIONS:
            names = set(re.findall(r"\.([A-Za-z_]\w*)", expression))
            if not names <= refused and any(isinstance(run(torch, expression, k)[0], Exception) for k in INPUTS):
                refused |= names
        never = {n for n in covered() - refused if n + "_" not in refused and n not in ELSEWHERE}
        assert never - NEVER_REFUSED == set(), "give them a bad input in support.composed_cases"
        assert NEVER_REFUSED - never == set(), "they are refused now"

    @pytest.mark.parametrize("name", sorted(ELSEWHERE - set(OUR_REFUSALS)))
    def test_what_is_tested_elsewhere_refuses_bad_input(self, name: str) -> None:
        torch = pytest.importorskip("torch")
        owner = "t" if hasattr(tg, name) and hasattr(torch, name) else "c"
        expression = REFUSED_ELSEWHERE.get(name, f"{owner}.{name}(object())")
        (found, _), (expected, _) = (run(library, expression, "float32") for library in (tg, torch))
        assert isinstance(expected, Exception), f"{expression} is no bad input: PyTorch gives {expected!r:.100}"
        assert isinstance(found, type(expected)), f"{expression}: PyTorch {expected!r:.200}, we {found!r:.200}"

    @pytest.mark.parametrize("name", OUR_REFUSALS)
    def test_ours_are_refused_by_the_type_of_pytorch(self, name: str) -> None:
        torch = pytest.importorskip("torch")
        expression, kind, _ = OUR_REFUSALS[name]
        if hasattr(torch.Tensor, name) or hasattr(torch, name):
            expected = run(torch, expression, "float32")[0]
        elif function := getattr(torch, name[:-1], None) or getattr(torch.nn.functional, name[:-1], None):
            with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is what we ask
                function(torch.ones(2, 3), "text")
            expected = raised.value
        else:
            return  # PyTorch has nothing of the kind
        assert isinstance(expected, kind), f"{expression}: PyTorch {expected!r:.200}"

    @pytest.mark.parametrize("name", sorted(NEVER_REFUSED))
    def test_what_is_never_refused_has_no_use_for_more_arguments(self, name: str) -> None:
        torch = pytest.importorskip("torch")
        too_many = [object()] * 9
        for library in (torch, tg):
            for owner in (library, library.ones(1, 1)):
                called = getattr(owner, name, None)
                if callable(called) and name not in ("dtype", "float32", "int32", "is_tensor", "is_storage"):
                    with pytest.raises((TypeError, RuntimeError)):
                        called(*too_many)


def surroundings(library: Any, kind: str) -> dict[str, Any]:
    def made(array: Any) -> Any:
        copied = np.array(array, order="K")
        if not copied.size:  # (of NumPy's, PyTorch would keep the strides, which are 0)
            return library.zeros(copied.shape, dtype=getattr(library, copied.dtype.name))
        return library.from_numpy(copied) if copied.ndim else library.tensor(copied)

    a, b = INPUTS[kind]
    x, y = made(a), made(b)
    if x.dtype.is_floating_point:
        x.requires_grad_()
        y.requires_grad_()
    square = (np.arange(9.0).reshape(3, 3) % 5 + np.eye(3) * 3).astype(a.dtype)
    return {
        "t": library, "x": x, "y": y, "c": x.clone(), "m": made(a) > 0, "s": library.tensor(square),
        "i": library.tensor([[0, 1, 0], [1, 0, 0]]), "j": library.tensor([0, 1]),
    }  # fmt: skip


def run(library: Any, expression: str, kind: str) -> tuple[Any, dict[str, Any]]:
    around = surroundings(library, kind)
    try:
        return eval(expression, around), around
    except Exception as error:
        return error, around


def parts(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)) and type(result).__name__ != "Size":
        return [part for each in result for part in parts(each)]
    return [result]


def difference(torch: Any, expression: str, kind: str) -> str:
    """How our result differs from PyTorch's; an empty text if it does not."""
    (found, mine), (expected, theirs) = (run(library, expression, kind) for library in (tg, torch))
    if isinstance(expected, Exception) or isinstance(found, Exception):
        alike = isinstance(expected, Exception) and isinstance(found, type(expected))
        return "" if alike else f"PyTorch {expected!r:.200}, we {found!r:.200}"
    ours, others = parts(found), parts(expected)
    if len(ours) != len(others):
        return f"{len(ours)} results, PyTorch {len(others)}"
    sums: list[Any] = []
    for a, b in zip(ours, others, strict=True):
        if not isinstance(b, torch.Tensor):
            if repr(a) != repr(b) and a != b:
                return f"{a!r}, PyTorch {b!r}"
            continue
        told = _tensors_differ(a, b)
        if told:
            return told
        if b.requires_grad and b.grad_fn is not None:
            weights = np.random.default_rng(1).uniform(0.5, 1.5, tuple(b.shape)).astype(b.detach().numpy().dtype)
            sums.append([(a * tg.tensor(weights)).sum(), (b * torch.tensor(weights)).sum()])
    return _gradients_differ(sums, mine, theirs) if sums else ""


def _tensors_differ(a: Any, b: Any) -> str:
    if repr(a.dtype) != repr(b.dtype) or tuple(a.shape) != tuple(b.shape):
        return f"{a.dtype} {tuple(a.shape)}, PyTorch {b.dtype} {tuple(b.shape)}"
    tolerance = {"torch.float32": 1e-5, "torch.float16": 1e-3}.get(repr(b.dtype), 1e-9)
    if not np.allclose(a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance, equal_nan=True):
        return f"values {a.tolist()}, PyTorch {b.tolist()}"
    if b._is_view() and b.numel() > 1 and a.stride() != b.stride() and 1 not in b.shape:
        return f"strides {a.stride()}, PyTorch {b.stride()}"
    return "" if a.requires_grad == b.requires_grad else f"requires_grad {a.requires_grad}, PyTorch {b.requires_grad}"


def _gradients_differ(sums: list[Any], mine: dict[str, Any], theirs: dict[str, Any]) -> str:
    outcomes = []
    for total in (sum(pair[0] for pair in sums), sum(pair[1] for pair in sums)):
        try:
            total.backward()
            outcomes.append(None)
        except Exception as error:
            outcomes.append(error)
    if any(outcomes):
        return "" if all(outcomes) else f"backward {outcomes[0]!r}, PyTorch {outcomes[1]!r}"
    for name in "xy":
        u, v = mine[name].grad, theirs[name].grad
        if (u is None) != (v is None):
            return f"gradient of {name}: {u}, PyTorch {v}"
        if v is not None and not np.allclose(u.numpy(), v.numpy(force=True), rtol=1e-4, atol=1e-6, equal_nan=True):
            return f"gradient of {name}: {u.tolist()}, PyTorch {v.tolist()}"
    return ""
