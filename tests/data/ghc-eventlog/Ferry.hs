-- SPDX-License-Identifier: Apache-2.0
-- Ferries carry passengers between two shores: threads that block on everything a thread can block on, wake each other across
-- capabilities, move, finish, and say what they do. usage: Ferry FERRIES TRIPS
module Main (main) where

import Control.Concurrent
import Control.Concurrent.STM
import Control.Exception (evaluate, throwTo, try, ErrorCall (..))
import Control.Monad
import qualified Data.Map.Strict as Map
import Debug.Trace (traceEventIO, traceMarkerIO)
import GHC.Conc (labelThread, par, pseq)
import System.Environment (getArgs)
import System.Mem (performMajorGC)

type Shore = TVar (Map.Map Int Int)

weigh :: Int -> Int
weigh n = if n < 2 then 1 else weigh (n - 1) + weigh (n - 2)

load :: Int -> Int
load k = foldr (\i rest -> let w = weigh (i `mod` 11) in w `par` (rest `pseq` (w + rest))) 0 [1 .. k]

board :: Shore -> Int -> IO ()
board shore who = atomically $ do
  people <- readTVar shore
  when (Map.size people > 200) retry
  writeTVar shore (Map.insert who (who * 7) people)

ferry :: Shore -> MVar Int -> MVar () -> Int -> Int -> IO ()
ferry shore dock done trips me = do
  forM_ [1 .. trips] $ \trip -> do
    traceEventIO ("START trip " ++ show me)
    who <- takeMVar dock
    board shore (me * 1000 + trip + who)
    when (trip `mod` 3 == 0) $ void (evaluate (load 30))
    when (trip `mod` 5 == 0) $ threadDelay 500
    when (trip `mod` 7 == 0) yield
    when (trip `mod` 4 == 0) $ void (forkOn (me + trip) (void (evaluate (weigh 12))))
    traceEventIO ("STOP trip " ++ show me)
  putMVar done ()

main :: IO ()
main = do
  args <- getArgs
  let (ferries, trips) = case map read args of
        [f, t] -> (f, t)
        _ -> (4, 40)
  traceMarkerIO "opening"
  shore <- newTVarIO Map.empty
  dock <- newEmptyMVar
  done <- newEmptyMVar
  forM_ [1 .. ferries] $ \me -> do
    t <- forkOn me (ferry shore dock done trips me)
    labelThread t ("ferry " ++ show me)
  clerk <- forkIO $ do
    r <- try (forever (atomically (writeTVar shore Map.empty) >> threadDelay 800))
    traceEventIO ("the clerk leaves: " ++ either (\(ErrorCall e) -> e) (const "") r)
  labelThread clerk "clerk \955"
  forM_ [1 .. ferries * trips] $ \who -> do
    when (who `mod` 50 == 0) performMajorGC
    putMVar dock who
  replicateM_ ferries (takeMVar done)
  throwTo clerk (ErrorCall "evening")
  threadDelay 2000
  atomically (Map.size <$> readTVar shore) >>= print
  traceMarkerIO "closing"
