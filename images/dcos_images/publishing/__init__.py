"""Publishes images: to a folder that is served, a bucket of S3, an AMI of EC2."""
