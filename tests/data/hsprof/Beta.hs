-- SPDX-License-Identifier: Apache-2.0
-- | A share of the work: another package's code, called back and forth.
module Beta (betaWork) where

import qualified Data.Map.Strict as Map

{-# NOINLINE betaWork #-}
betaWork :: Int -> Int
betaWork n = Map.size (go Map.empty n)
  where
    go m 0 = m
    go m k = go (Map.insertWith (+) ((k * 7919) `mod` 1021) k m) (k - 1)
