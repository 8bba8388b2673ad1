-- SPDX-License-Identifier: Apache-2.0
module Aviary.Song (step) where

import Aviary.Nest ((|>|))

step :: Int -> Int
step n = go n 1 where
  go 0 acc = acc
  go k acc = go (k - 1) $! ((k |>| acc) `mod` 1009)
