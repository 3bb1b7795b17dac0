"""Providers of machines: one folder for each kind, found by `registry`, with one interface (`base.Provider`).

A folder has ``declaration.py`` (the kind's variables, defaults, checks) and the code of the provider. It is imported
when an inventory asks for it, so libraries that only one provider needs are optional.
"""
