reservoir 300 +RTS -hr -i0.0001
