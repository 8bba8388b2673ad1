aviary 10 +RTS -p -V0
