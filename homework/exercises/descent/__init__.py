"""Exercise 04: down the Rosenbrock function, then five optimizers."""
