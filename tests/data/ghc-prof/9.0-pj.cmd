aviary 9000 quo"te back\slash new
line +RTS -pj
