9.0-p.prof over 9.0-P.prof
