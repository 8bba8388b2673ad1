zoo-prof 60000 +RTS -p, killed
