reservoir 2000 +RTS -S -A256k
