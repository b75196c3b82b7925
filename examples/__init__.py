"""Example programs: each is a module with a ``main``, a console script and ``python -m`` entry."""
