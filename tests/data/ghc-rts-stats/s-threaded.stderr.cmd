reservoir-threaded 2000 +RTS -N2 -s
