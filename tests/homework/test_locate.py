"""`look at` points to what the failed call went through, in programs of either style."""

import pytest

from tinygrad_edu.homework.judge.fail import Cause, Fail
from tinygrad_edu.homework.locate import called

CLOSURES = """
class Value:
    def __init__(self, data): self.grad = 0.0
    def __add__(self, other):
        def rule():
            self.grad += out.grad
    def __mul__(self, other):
        def rule():
            self.grad = other.data * out.grad
            other.grad = self.data * out.grad
    __rmul__ = __mul__
    def __rsub__(self, other): return 1
    def __sub__(self, other): return 1
    def __truediv__(self, other): return 1
    def __neg__(self): return 1
    def __getitem__(self, index): return 1
    def relu(self): return 1
    def backward(self): return 1
    def __call__(self, x): return 1

def strides_of(shape): return 1
"""
SLOPES = CLOSURES.replace("self.grad", "slope").replace("other.grad", "slope")


@pytest.mark.parametrize(
    ("where", "label", "cause", "style", "first"),
    [
        ("z = x - y   at x = 0.5, y = -3", "dz/dy", "sign", CLOSURES, "Value.__sub__"),
        ("z = 2 - x   at x = 3", "dz/dx", "sign", CLOSURES, "Value.__rsub__"),
        ("z = x.relu()   at x = 1", "dz/dx", None, CLOSURES, "Value.relu"),
        ("z = v * x   x: (2,)", "x.grad", None, CLOSURES, "Value.__rmul__"),
        ("z = v[[0, 0, 1]]   v: (3,)", "w.grad[0]", None, CLOSURES, "Value.__getitem__"),
        ("a = 2, b = -3", "(-a).data", None, CLOSURES, "Value.__neg__"),
        ("c = a * b", "c.parents", None, CLOSURES, "Value.__mul__"),
        ("y = x*x + x   at x = 3", "dy/dx", "overwritten", CLOSURES, "Value.__mul__"),
        ("y = x*x + x   at x = 3", "dy/dx", "overwritten", SLOPES, "Value.backward"),
        ("z = x * y", "x.grad", "unreached", SLOPES, "Value.backward"),
        ("", "strides_of((2, 3))", None, CLOSURES, "strides_of"),
        ("", "Value(3, 2)", None, CLOSURES, "Value.__init__"),
        ("", "Value(3, 2)(x)   x: (1, 5)", None, CLOSURES, "Value.__call__"),
        ("g at a = -4, b = 2", "dg/da", None, CLOSURES, "Value.elsewhere"),
    ],
)
def test_the_place_follows_from_the_call(where: str, label: str, cause: str | None, style: str, first: str) -> None:
    kind = "grad" if label.startswith("d") or ".grad" in label else "value"
    fail = Fail(kind, label, where=where, cause=Cause(cause) if cause else None)
    assert called(style, fail, ["Value.elsewhere"], plain=["v"] if " v * x" in where else [])[0] == first


def test_a_program_that_is_no_python_leaves_the_checks_own_places() -> None:
    assert called("x = (", Fail("value", "f(x)"), ["f"]) == ["f"]
