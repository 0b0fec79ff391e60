"""Exercise 08: a convolution in one dimension, forwards and backwards."""
