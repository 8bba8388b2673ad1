heap-prof 3000 +RTS -hr -p -i0.02
