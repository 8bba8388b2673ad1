-- SPDX-License-Identifier: Apache-2.0
-- | Work in known parts, for comparing profilers. Each round does a little of each.
module Main where

import Alpha
import Beta
import Control.Monad
import Gamma
import System.Environment

main :: IO ()
main = do
  [rounds] <- map read <$> getArgs
  sums <- forM [1 .. rounds :: Int] $ \k -> do
    let a = alphaWork (60000 + k `mod` 7)
        b = betaWork (2000 + k `mod` 7)
        c = gammaWork k
    return $! a + b + c
  print (sum sums)
