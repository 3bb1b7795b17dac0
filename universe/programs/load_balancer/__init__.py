"""The program of the package load-balancer: HAProxy steered by what the init tells. Standard library only: it travels
in the package itself, and runs with the Python of whatever machine its task is on.
"""
