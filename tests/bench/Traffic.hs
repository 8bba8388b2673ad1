-- SPDX-License-Identifier: Apache-2.0
-- Programs whose eventlogs are large, each of another kind of records. usage: Traffic KIND SIZE ROUNDS
--
--   threads   SIZE threads pass words around in rings: what a server's log is made of
--   forks     SIZE threads a round, each of which runs for a moment
--   sparks    SIZE sparks a round
--   messages  a program that speaks: messages, and spans on SIZE things at a time
--   heap      a heap that grows and shrinks, for -hT
module Main (main) where

import Control.Concurrent
import Control.Concurrent.STM
import Control.Exception (evaluate)
import Control.Monad
import qualified Data.Map.Strict as Map
import Debug.Trace (traceEventIO, traceMarkerIO)
import GHC.Conc (labelThread, par, pseq)
import System.Environment (getArgs)

weigh :: Int -> Int
weigh n = if n < 2 then 1 else weigh (n - 1) + weigh (n - 2)

threads :: Int -> Int -> IO ()
threads size rounds = do
  places <- replicateM size newEmptyMVar
  board <- newTVarIO (Map.empty :: Map.Map Int Int)
  done <- newEmptyMVar
  forM_ (zip3 [0 :: Int ..] places (tail places ++ take 1 places)) $ \(me, from, to) -> do
    t <- forkIO $ do
      forM_ [1 .. rounds] $ \i -> do
        word <- takeMVar from
        when (i `mod` 16 == 0) $ atomically (modifyTVar' board (Map.insert (word `mod` 500) me))
        when (i `mod` 1000 == 0) $ threadDelay 100
        putMVar to $! word + 1
      putMVar done ()
    labelThread t ("ring " ++ show me)
  forM_ (take (size `div` 8 + 1) places) $ \p -> putMVar p 0
  replicateM_ (size `div` 2) (takeMVar done)

forks :: Int -> Int -> IO ()
forks size rounds = replicateM_ rounds $ do
  ends <- replicateM size $ do
    end <- newEmptyMVar
    end <$ forkIO (evaluate (weigh 5) >> yield >> putMVar end ())
  mapM_ takeMVar ends

sparks :: Int -> Int -> IO ()
sparks size rounds = forM_ [1 .. rounds] $ \i -> evaluate (total (size + i `mod` 2)) >> yield
 where
  total k = foldr (\n rest -> let w = weigh (n `mod` 11) in w `par` (rest `pseq` (w + rest))) 0 [1 .. k]

messages :: Int -> Int -> IO ()
messages size rounds = forM_ [1 .. rounds] $ \i -> do
  let thing = "block fetch from peer 10.0.0." ++ show (i `mod` size)
  traceEventIO ("START " ++ thing)
  traceEventIO ("asked for 16 headers after slot " ++ show (i `div` 1000) ++ ", chain is up to date")
  traceEventIO ("STOP " ++ thing)
  when (i `mod` 1000 == 0) $ traceMarkerIO ("slot " ++ show (i `div` 1000))

heap :: Int -> Int -> IO ()
heap size rounds = forM_ [1 .. rounds] $ \i -> do
  m <- evaluate (Map.fromList [(k, show (k * i)) | k <- [1 .. size]])
  when (Map.size (Map.filter ((> 3) . length) m) < 0) $ putStrLn "never"

main :: IO ()
main = do
  args <- getArgs
  case args of
    [kind, size, rounds]
      | Just run <- lookup kind kinds -> run (read size) (read rounds)
    _ -> fail ("usage: Traffic " ++ concatMap ((++ " ") . fst) kinds ++ "SIZE ROUNDS")
 where
  kinds = [("threads", threads), ("forks", forks), ("sparks", sparks), ("messages", messages), ("heap", heap)]
