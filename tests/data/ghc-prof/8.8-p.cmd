par-prof 20 +RTS -N2 -p -l
