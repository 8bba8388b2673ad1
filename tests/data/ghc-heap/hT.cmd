reservoir-plain 300 +RTS -hT -i0.0001
