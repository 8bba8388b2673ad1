zoo-prof 300 +RTS -pa
