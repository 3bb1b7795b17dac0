"""A simulated cluster in one process: the real cores on a virtual clock and a seeded network, with faults.

Masters, agents and frameworks decide here as they do on machines; what their shells do is modelled. See
docs/simulation.md.
"""
