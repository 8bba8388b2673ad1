reservoir 300 +RTS -hb -i0.0001
