"""The operations: every differentiable operation is defined once, in the file of its family.

A definition gives a name, a label for drawings, a way to compute, and a derivative. Everything else (methods,
functional forms, gradient checks, drawings, documentation) is derived from it: see :mod:`tinygrad_edu.ops.registry`.
"""
