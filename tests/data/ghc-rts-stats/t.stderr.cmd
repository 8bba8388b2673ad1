reservoir 2000 +RTS -t
