"""Who may pass: passwords, tokens, credentials, the guard that every daemon asks, and the daemon that logs people in.

May be imported by any daemon; knows none of them.
"""
