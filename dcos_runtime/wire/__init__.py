"""Message types and codecs that all daemons share: Mesos v1, RecordIO, the internal agent protocol.

Imported by every part of `dcos_runtime`; imports none of them.
"""
