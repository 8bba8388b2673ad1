ferry 2 20 +RTS -l-au
