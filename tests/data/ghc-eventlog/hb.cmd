reservoir-prof 3000 +RTS -hb -i0.002 -l-au
