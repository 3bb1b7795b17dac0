"""What runs on a machine during a deploy: facts, check, apply, receive. Sent there as it is by `ansible.payload`.

Standard library only, CPython 3.9 or newer, relative imports only; no module of the installer. Imports are kept few: a
check of a thousand hosts starts this a thousand times.
"""
