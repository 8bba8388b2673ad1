reservoir 2000 +RTS -s
