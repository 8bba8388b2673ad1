zoo-late 300 +RTS -p
