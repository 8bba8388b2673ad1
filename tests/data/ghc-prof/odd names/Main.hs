-- SPDX-License-Identifier: Apache-2.0
-- Spends ticks and bytes under every kind of cost-centre label that GHC takes.
module Main (main) where

import qualified Aviary.Nest as Nest
import qualified Aviary.Song as Song
import Control.Exception (evaluate)
import Data.List (foldl')
import System.Environment (getArgs)

main :: IO ()
main = do
  args <- getArgs
  let n = case args of { a : _ -> read a; [] -> 2000 } :: Int
  mapM_ (\bird -> evaluate (bird n)) [empty, tab, quote, newline, digits, unicode, Song.step, Nest.step, even' ]

work :: Int -> Int
work n = foldl' (\a x -> (a + x * x) `mod` 1000003) 0 (map (+ 1) [1 .. n])
{-# NOINLINE work #-}

empty, tab, quote, newline, digits, unicode, even' :: Int -> Int
empty n = {-# SCC "" #-} work n
tab n = {-# SCC "tab\there" #-} work n
quote n = {-# SCC "quo\"te\\back" #-} work n
newline n = {-# SCC "two\nlines" #-} work n
digits n = {-# SCC "12345" #-} work n
unicode n = {-# SCC "λ→計🚀" #-} work n
even' n = go n where go k = if k <= 0 then 0 else odd' (k - 1)

odd' :: Int -> Int
odd' k = if k <= 0 then 1 else even' (k - 2)
