"""The scheduler's side of the Mesos v1 HTTP API: subscribe, stay subscribed, call. For the init and for services.

It speaks to any Mesos master over HTTP and imports neither master nor agent.
"""
