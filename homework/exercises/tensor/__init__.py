"""Exercise 02, homework 1 of the lecture: a Tensor with automatic differentiation."""
