ferry 4 30 +RTS -N2 --nonmoving-gc -l-agn
