-- SPDX-License-Identifier: Apache-2.0
module Aviary.Nest (step, (|>|)) where

step :: Int -> Int
step n = go n 0 where
  go 0 acc = acc
  go k acc = go (k - 1) $! (k |>| acc)

(|>|) :: Int -> Int -> Int
a |>| b = length (show (a * b)) + b
