"""How a built tree comes to where clients read it: a directory, a host that SSH reaches, an S3 bucket."""
