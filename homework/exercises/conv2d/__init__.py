"""Exercise 09, homework 3 of the lecture: nn.Conv2d."""
