"""Updates at the collector: bundles on its disk, and how each is rolled out to the poles.

The collector decides when a pole is offered what; it can make or change no bundle, for each pole
checks the fleet's signature, the board and its version floor itself. `states.py` has the tables,
`rollout.py` the decisions without a disk or a clock; start reading there.
"""
