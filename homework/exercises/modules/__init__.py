"""Exercise 06: modules, the layers and losses made of them."""
