"""Exercise 01: a scalar that remembers how it was made."""
