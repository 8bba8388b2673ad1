aviary 9000 'quo"te' +RTS -hr -pj -i0.002
