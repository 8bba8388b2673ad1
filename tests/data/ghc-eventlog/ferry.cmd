ferry 3 20 +RTS -N2 -la
