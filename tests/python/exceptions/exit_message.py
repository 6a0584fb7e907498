raise SystemExit("a message for stderr")
