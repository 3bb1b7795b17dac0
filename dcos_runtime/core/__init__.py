"""The kit of every pure core: frozen data, time, timers, seeds, writes, the runner, the recorder, resources. Pure
itself: imports the wire, and nothing else of ours. `dcos_runtime.running` and `dcos_runtime.recording` are its impure
halves. See docs/decisions/018-core-kit.md.
"""
