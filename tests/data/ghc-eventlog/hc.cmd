reservoir-prof 3000 +RTS -hc -p -i0.002 -l-au
