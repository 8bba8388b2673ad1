-- SPDX-License-Identifier: Apache-2.0
-- | A share of the work: lists that are made and taken apart.
module Gamma (gammaWork) where

import Data.List (sort)

{-# NOINLINE gammaWork #-}
gammaWork :: Int -> Int
gammaWork n = sum (zipWith (*) (cycle [1, -1]) (sort (take 500 (iterate next n))))
  where
    next x = (x * 1103515245 + 12345) `mod` 2147483648
