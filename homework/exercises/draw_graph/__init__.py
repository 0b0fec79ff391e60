"""Exercise 03, homework 2 of the lecture: drawing the graph of a Tensor."""
