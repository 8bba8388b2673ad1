aviary 9000 +RTS -P
