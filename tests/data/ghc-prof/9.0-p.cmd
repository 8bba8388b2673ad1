aviary 9000 +RTS -p
