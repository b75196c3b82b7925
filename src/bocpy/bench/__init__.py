"""The benchmarks of ``bocpy-bench``: how fast the runtime is on this machine.

Nothing here is imported by ``import bocpy``. `cli` is the program. A suite - `chain`, `fanout`,
`messages`, `noticeboard` - says what its options are and which of them a sweep may vary; its twin
in `bocpy.bench.work` does one repeat, in a process of its own. `sweep` runs them, `document`
keeps the results, `table` and `comparison` show them.
"""
