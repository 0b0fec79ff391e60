"""The engine: the order of a graph, grad modes, the backward pass, and the model that drawings are made from.

Nothing in here knows what an array is. Whatever takes part in a graph offers ``_inputs`` (its input nodes),
``_sequence`` (its creation number) and, where it is recorded lazily, ``_backward``.
"""
