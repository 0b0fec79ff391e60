"""What each elementwise operation means for one element: one line, from which its kernels are made.

A formula is an expression of ``a``, ``b``, ``c`` ..., the elements of its inputs, already converted to the type it
computes in. Its names are Python's operators and the functions in :func:`runtime.functions`. The names are NumPy's, as
that is how the specification calls them; those that NumPy does not have belong to a kernel here.
"""

from __future__ import annotations

__all__ = ["FLOAT_FORMULAS", "FORMULAS", "INTEGER_FORMULAS"]

# For every type, unless one of the tables below has another for the type it computes in.
FORMULAS = {
    "add": "a + b",
    "subtract": "a - b",
    "multiply": "a * b",
    "divide": "a / b",
    "true_divide": "a / b",
    "negative": "-a",
    "positive": "a",
    "absolute": "abs(a)",
    "fabs": "abs(a)",
    "square": "a * a",
    "reciprocal": "ONE / a",
    "power": "a ** b",
    "float_power": "a ** b",
    "equal": "a == b",
    "not_equal": "a != b",
    "less": "a < b",
    "less_equal": "a <= b",
    "greater": "a > b",
    "greater_equal": "a >= b",
    "logical_and": "bool(a) and bool(b)",
    "logical_or": "bool(a) or bool(b)",
    "logical_xor": "bool(a) != bool(b)",
    "logical_not": "not a",
    "bitwise_and": "a & b",
    "bitwise_or": "a | b",
    "bitwise_xor": "a ^ b",
    "invert": "~a",
    "left_shift": "a << b",
    "right_shift": "a >> b",
    "maximum": "a if a >= b else b",
    "minimum": "a if a <= b else b",
    "fmax": "a if a >= b else b",
    "fmin": "a if a <= b else b",
    "sign": "int(a > 0) - int(a < 0)",
    # where() has its condition first
    "where": "b if a else c",
    "copy": "a",
    "isnan": "False",
    "isinf": "False",
    "isfinite": "True",
    "heaviside": "b if a == 0 else (ONE if a > 0 else ZERO)",
}

FLOAT_FORMULAS = {
    **{
        name: f"{name}(a)"
        for name in (
            "exp",
            "expm1",
            "log",
            "log1p",
            "log2",
            "log10",
            "sqrt",
            "sin",
            "cos",
            "tan",
            "sinh",
            "cosh",
            "tanh",
            "floor",
            "ceil",
            "trunc",
            "isnan",
            "isinf",
            "isfinite",
        )
    },
    "exp2": "TWO ** a",
    "arcsin": "asin(a)",
    "arccos": "acos(a)",
    "arctan": "atan(a)",
    "arcsinh": "asinh(a)",
    "arccosh": "acosh(a)",
    "arctanh": "atanh(a)",
    "arctan2": "atan2(a, b)",
    "hypot": "hypot(a, b)",
    "copysign": "copysign(a, b)",
    "maximum": "a if a != a or a >= b else b",
    "minimum": "a if a != a or a <= b else b",
    "fmax": "a if b != b or a >= b else b",
    "fmin": "a if b != b or a <= b else b",
    "sign": "a if a != a else TYPE(int(a > 0) - int(a < 0))",
    "signbit": "copysign(ONE, a) < 0",
    "rint": "rint(a)",
    "fmod": "fmod(a, b)",
    "remainder": "float_remainder(a, b)",
    "floor_divide": "float_floor_divide(a, b)",
    "logaddexp2": "log_add_exp(a * TYPE(0.6931471805599453), b * TYPE(0.6931471805599453)) / TYPE(0.6931471805599453)",
    "logaddexp": "log_add_exp(a, b)",
    "rad2deg": "a * TYPE(57.29577951308232)",
    "deg2rad": "a * TYPE(0.017453292519943295)",
    # of the specification's own functions: one kernel where NumPy needs several
    "rsqrt": "ONE / sqrt(a)",
    "relu": "ZERO if a <= 0 else a",
    "sigmoid": "ONE / (ONE + exp(-a)) if a >= 0 else exp(a) / (ONE + exp(a))",
    "erf": "TYPE(erf(a))",
    "kept_where": "a if b else ZERO",
    "relu_back": "a if b != 0 else ZERO",
}

INTEGER_FORMULAS = {
    "floor_divide": "a // b if b != 0 else ZERO",
    "remainder": "a % b if b != 0 else ZERO",
    "fmod": "int_fmod(a, b)",
    "floor": "a",
    "ceil": "a",
    "trunc": "a",
    "rint": "a",
    "power": "int_power(a, b)",
    "gcd": "greatest_divisor(a, b)",
    "lcm": "least_multiple(a, b)",
    "relu": "ZERO if a <= 0 else a",
}
