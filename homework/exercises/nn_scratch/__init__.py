"""Exercise 05: a network made of tensors only, its losses and its training."""
