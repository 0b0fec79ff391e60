"""Exercise 07: data in batches."""
