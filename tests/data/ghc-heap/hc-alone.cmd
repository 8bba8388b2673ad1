reservoir 300 +RTS -hc -i0.0001 -L40
