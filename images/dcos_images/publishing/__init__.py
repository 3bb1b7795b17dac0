"""Brings images to where machines are made from them: a folder that is served, a bucket of S3, an AMI of EC2."""
