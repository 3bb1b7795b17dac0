"""Behind nginx: who sends a request and where it goes, and the pages that the gateway itself answers.

It runs inside dcos-auth, which gives it access to the users.
"""
