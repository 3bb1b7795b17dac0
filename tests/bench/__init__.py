"""Figures of this project, measured side by side in one run: `make bench`, or `python -m tests.bench --only NAME`.

A group of figures is a module in this folder; a figure is a function in it under `figures.figure`, which takes a
`figures.Bench` and returns `figures.Measured`. A module is found by being here: there is no list to extend. What a
figure needs and this machine has not is said with `figures.NotHere`. Figures that need the same costly thing, such as a
cluster, share it through `Bench.shared`.
"""
