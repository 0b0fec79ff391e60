"""Exercise 11: a matrix product for a GPU, in the simulator."""
