"""The guard: the library with which every daemon finds out who sends a request, and whether it is answered. It knows
certificates, credentials files, tokens and whom to ask about users; it knows no daemon.
"""
