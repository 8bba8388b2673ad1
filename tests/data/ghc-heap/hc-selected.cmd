reservoir 300 +RTS -hc -hmMain -i0.0001
