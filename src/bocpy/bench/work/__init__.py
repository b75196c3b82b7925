"""What the process of one repeat does: behaviors, and what they record.

Workers import these modules too, so that they import little. Each suite's module has a function
``run(config)``, which returns a `bocpy.bench.work.result.Measured`.
"""
