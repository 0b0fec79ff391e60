"""Exercise 12, the final project: a CNN that reads digits, made of the parts of the earlier exercises."""
