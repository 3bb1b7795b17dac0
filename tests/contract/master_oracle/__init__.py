"""The same requests to our master and to a real Mesos."""
