"""Thousands of agents and some frameworks in one process that speak real HTTP to a real master, in real time.

Agents are the real core and the real connection (`agent.link`); only their containers are made up. Nothing is kept on a
disk.
"""
