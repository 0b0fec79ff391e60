"""A time series to learn from: what a share of Johnson & Johnson earned, by quarter."""

from __future__ import annotations

from tinygrad_edu.tensors.creation import tensor
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["johnson_johnson"]

# Dollars by quarter, a row for each year from 1960 to 1980 (Shumway and Stoffer, Time Series Analysis and Its
# Applications, 2000; `JohnsonJohnson` in R).
_EARNINGS = """
0.71 0.63 0.85 0.44  0.61 0.69 0.92 0.55  0.72 0.77 0.92 0.60  0.83 0.80 1.00 0.77  0.92 1.00 1.24 1.00
1.16 1.30 1.45 1.25  1.26 1.38 1.86 1.56  1.53 1.59 1.83 1.86  1.53 2.07 2.34 2.25  2.16 2.43 2.70 2.25
2.79 3.42 3.69 3.60  3.60 4.32 4.32 4.05  4.86 5.04 5.04 4.41  5.58 5.85 6.57 5.31  6.03 6.39 6.93 5.85
6.93 7.74 7.83 6.12  7.74 8.91 8.28 6.84  9.54 10.26 9.54 8.73  11.88 12.06 12.15 8.91  14.04 12.96 14.85 9.99
16.20 14.67 16.02 11.61
"""


def johnson_johnson() -> Tensor:
    """Earnings of a share in dollars, from the first quarter of 1960 to the last of 1980: float32, (84,).

    >>> johnson_johnson()[:4]
    tensor([0.7100, 0.6300, 0.8500, 0.4400])
    >>> johnson_johnson().reshape(21, 4).shape  # a row for each year
    torch.Size([21, 4])
    """
    return tensor([float(number) for number in _EARNINGS.split()])
