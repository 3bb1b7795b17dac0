"""Where machines come from: one folder a kind of provider, found by `registry`, behind one interface (`base.Provider`).

A folder has ``declaration.py`` (what the kind says of itself: variables, defaults, checks) and whatever the provider is
made of. Its libraries are imported when an inventory asks for it, so what only one of them needs stays optional.
"""
