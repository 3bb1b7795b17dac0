"""Container images on an agent: references, the store of layers, fetching, unpacking, and overlays of them."""
