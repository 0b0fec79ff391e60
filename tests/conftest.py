"""Settings for the whole suite: property tests draw the same examples on every run, on every machine."""

from hypothesis import settings

# No luck and no clock in the tests: a failure can be repeated, a slow machine fails nothing.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
