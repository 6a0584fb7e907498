raise LookupError("broken on purpose")
