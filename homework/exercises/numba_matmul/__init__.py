"""Exercise 10: a matrix product compiled by Numba."""
