reservoir 3000 +RTS -hT -i0.002 -l
