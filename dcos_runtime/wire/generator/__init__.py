"""Makes the message types of `dcos_runtime/wire` and their protobuf codecs from our `.proto` files.

`python -m dcos_runtime.wire.generator` writes them anew. It needs protoc, of the development environment only.
"""
