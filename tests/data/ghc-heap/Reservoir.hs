-- SPDX-License-Identifier: Apache-2.0
-- Fills a reservoir and lets most of it out again, so that a heap profile has something that grows, shrinks and stays.
module Main (main) where

import Control.Monad (forM_)
import qualified Data.Map.Strict as Map
import System.Environment (getArgs)
import System.Mem (performMajorGC)

data Drop = Drop {-# UNPACK #-} !Int String

(</>) :: Int -> Int -> Int
a </> b = (a * 31 + b) `mod` 1000003

fill :: Int -> Map.Map Int Drop
fill n = Map.fromList [ (k </> n, Drop k (show k)) | k <- [1 .. n] ]

spill :: Int -> Map.Map Int Drop -> Map.Map Int Drop
spill m = {-# SCC "spill\nover" #-} Map.filter (\(Drop k _) -> k `mod` m == 0)

seepage :: [Int]
seepage = {-# SCC "seep\tage" #-} [1 .. 4000]

weigh :: Map.Map Int Drop -> Int
weigh = Map.foldl' (\s (Drop k t) -> s + k + length t) 0

main :: IO ()
main = do
  args <- getArgs
  let n = case args of { (a : _) -> read a; [] -> 1000 }
  forM_ [1 .. 4] $ \i -> do
    let whole = fill (n * i)
    print (weigh whole + sum seepage)
    performMajorGC
    let rest = spill 5 whole
    print (weigh rest + length seepage)
    performMajorGC
