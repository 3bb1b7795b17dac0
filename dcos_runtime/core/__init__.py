"""What every pure core is written on: frozen data, time, timers, seeds, writes, the runner, the recorder, resources.

Pure itself: knows the wire, and nothing else of ours. `dcos_runtime.running` and `dcos_runtime.recording` are its
impure halves. See docs/decisions/018-core-kit.md.
"""
