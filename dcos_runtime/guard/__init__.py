"""Who may pass: the library with which every daemon finds out who sends a request and whether it is answered.

It knows certificates, credentials files, tokens and who to ask about users; it knows no daemon.
"""
