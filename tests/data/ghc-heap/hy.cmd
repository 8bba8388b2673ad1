reservoir 300 +RTS -hy -i0.0001
