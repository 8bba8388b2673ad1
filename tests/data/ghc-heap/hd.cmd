reservoir 300 +RTS -hd -i0.0001
