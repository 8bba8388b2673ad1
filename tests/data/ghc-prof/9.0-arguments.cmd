aviary 9000 

	total time  =        9.99 secs   (9990 ticks @ 1000 us, 2 processors)
	total alloc =           7 bytes  (excludes profiling overheads)

COST CENTRE MODULE SRC %time %alloc

 +RTS -p
