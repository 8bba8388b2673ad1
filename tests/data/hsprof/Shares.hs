-- SPDX-License-Identifier: Apache-2.0
-- | Work in known parts, for comparing profilers. Each round does a little of each. Says at its end what processor time each
-- part took, by the kernel's clock: nanoseconds behind a part's name.
module Main where

import Alpha
import Beta
import Control.Exception
import Control.Monad
import Data.IORef
import Gamma
import System.CPUTime
import System.Environment

-- | What it is evaluated to; the time that this took is added.
timed :: IORef Integer -> Int -> IO Int
timed spent x = do
  before <- getCPUTime
  value <- evaluate x
  after <- getCPUTime
  modifyIORef' spent (+ (after - before) `div` 1000)
  return value

main :: IO ()
main = do
  [rounds] <- map read <$> getArgs
  alpha <- newIORef 0
  beta <- newIORef 0
  gamma <- newIORef 0
  sums <- forM [1 .. rounds :: Int] $ \k -> do
    a <- timed alpha (alphaWork (60000 + k `mod` 7))
    b <- timed beta (betaWork (2000 + k `mod` 7))
    c <- timed gamma (gammaWork k)
    return $! a + b + c
  print (sum sums)
  forM_ [("alphaWork", alpha), ("betaWork", beta), ("gammaWork", gamma)] $ \(part, spent) ->
    readIORef spent >>= putStrLn . ((part ++ " ") ++) . show
