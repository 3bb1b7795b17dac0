"""What a framework's connection to the master decides: whom to ask, when again, what answers mean. Pure."""
