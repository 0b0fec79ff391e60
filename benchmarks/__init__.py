"""Measurements beside PyTorch, NumPy and a closure engine: ratios to read, never tests that time."""
