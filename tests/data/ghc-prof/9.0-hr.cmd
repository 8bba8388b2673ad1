heap-prof 3000 +RTS -hr -i0.02 -l
