reservoir 300 +RTS -hr -pj -i0.0001 -L80
