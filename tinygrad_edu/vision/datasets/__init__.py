"""Data sets: so far the toy sets, which are drawn when they are asked for."""

from tinygrad_edu.vision.datasets import toy
from tinygrad_edu.vision.datasets.toy import circles, moons, regression, spiral, xor

__all__ = ["circles", "moons", "regression", "spiral", "toy", "xor"]
