-- SPDX-License-Identifier: Apache-2.0
-- | A share of the work: a loop that allocates nothing.
module Alpha (alphaWork) where

{-# NOINLINE alphaWork #-}
alphaWork :: Int -> Int
alphaWork = go 0
  where
    go acc 0 = acc
    go acc k = go ((acc * 31 + k) `mod` 1000003) (k - 1)
