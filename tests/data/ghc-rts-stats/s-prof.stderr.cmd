reservoir-prof 2000 +RTS -s
