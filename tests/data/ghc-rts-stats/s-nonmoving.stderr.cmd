reservoir-threaded 2000 +RTS --nonmoving-gc -s
