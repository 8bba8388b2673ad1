zoo-prof 300 +RTS -P
