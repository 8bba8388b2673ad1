reservoir 300 +RTS -hm -i0.0001
