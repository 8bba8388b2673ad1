-- SPDX-License-Identifier: Apache-2.0
-- Four threads that each build maps and throw them away: garbage for any collector. Argument: insertions a thread.
module Main (main) where

import Control.Concurrent (forkIO, newEmptyMVar, putMVar, takeMVar)
import Control.Monad (forM, forM_)
import qualified Data.Map.Strict as Map
import System.Environment (getArgs)

build :: Int -> Int -> Map.Map Int Int
build n seed = go n Map.empty
  where
    go 0 m = m
    go i m = go (i - 1) (Map.insertWith (+) ((i * 7919 + seed) `mod` 50000) i m)

main :: IO ()
main = do
  arguments <- getArgs
  let n = case arguments of
        (first : _) -> read first
        [] -> 300000
  places <- forM [1 .. 4] $ \seed -> do
    place <- newEmptyMVar
    _ <- forkIO (putMVar place $! Map.foldl' (+) 0 (build n seed))
    return place
  forM_ places takeMVar >>= print
