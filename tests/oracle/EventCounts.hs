-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE CPP #-}
-- What the ghc-events library reads in eventlogs, as a line a log: its path, then tag=count of each type of record that is
-- there. A log that the library fails on has a line with the path alone. For the time that each thread was running:
-- `EventCounts --threads`, with thread=nanoseconds.
module Main (main) where

import Control.Exception (SomeException, evaluate, try)
import qualified Data.IntMap.Strict as M
import Data.List (sortOn)
import GHC.RTS.Events
import System.Environment (getArgs)

tagOf :: EventInfo -> Int
tagOf e = case e of
  CreateThread{} -> 0
  RunThread{} -> 1
  StopThread{} -> 2
  ThreadRunnable{} -> 3
  MigrateThread{} -> 4
  Shutdown{} -> 7
  WakeupThread{} -> 8
  StartGC{} -> 9
  EndGC{} -> 10
  RequestSeqGC{} -> 11
  RequestParGC{} -> 12
  CreateSparkThread{} -> 15
  Message{} -> 16
  Startup{} -> 17
  EventBlock{} -> 18
  UserMessage{} -> 19
  GCIdle{} -> 20
  GCWork{} -> 21
  GCDone{} -> 22
  Version{} -> 23
  ProgramInvocation{} -> 24
  CapsetCreate{} -> 25
  CapsetDelete{} -> 26
  CapsetAssignCap{} -> 27
  CapsetRemoveCap{} -> 28
  RtsIdentifier{} -> 29
  ProgramArgs{} -> 30
  ProgramEnv{} -> 31
  OsProcessPid{} -> 32
  OsProcessParentPid{} -> 33
  SparkCounters{} -> 34
  SparkCreate{} -> 35
  SparkDud{} -> 36
  SparkOverflow{} -> 37
  SparkRun{} -> 38
  SparkSteal{} -> 39
  SparkFizzle{} -> 40
  SparkGC{} -> 41
  InternString{} -> 42
  WallClockTime{} -> 43
  ThreadLabel{} -> 44
  CapCreate{} -> 45
  CapDelete{} -> 46
  CapDisable{} -> 47
  CapEnable{} -> 48
  HeapAllocated{} -> 49
  HeapSize{} -> 50
  HeapLive{} -> 51
  HeapInfoGHC{} -> 52
  GCStatsGHC{} -> 53
  GlobalSyncGC{} -> 54
  TaskCreate{} -> 55
  TaskMigrate{} -> 56
  TaskDelete{} -> 57
  UserMarker{} -> 58
  EdenStartReceive{} -> 60
  EdenEndReceive{} -> 61
  CreateProcess{} -> 62
  KillProcess{} -> 63
  AssignThreadToProcess{} -> 64
  CreateMachine{} -> 65
  KillMachine{} -> 66
  SendMessage{} -> 67
  ReceiveMessage{} -> 68
  SendReceiveLocalMessage{} -> 69
  MemReturn{} -> 90
  BlocksSize{} -> 91
  HeapProfBegin{} -> 160
  HeapProfCostCentre{} -> 161
  HeapProfSampleBegin{} -> 162
  HeapProfSampleCostCentre{} -> 163
  HeapProfSampleString{} -> 164
  HeapProfSampleEnd{} -> 165
  HeapBioProfSampleBegin{} -> 166
  ProfSampleCostCentre{} -> 167
  ProfBegin{} -> 168
  InfoTableProv{} -> 169
  UserBinaryMessage{} -> 181
  ConcMarkBegin{} -> 200
  ConcMarkEnd{} -> 201
  ConcSyncBegin{} -> 202
  ConcSyncEnd{} -> 203
  ConcSweepBegin{} -> 204
  ConcSweepEnd{} -> 205
  ConcUpdRemSetFlush{} -> 206
  NonmovingHeapCensus{} -> 207
#if MIN_VERSION_ghc_events(0,20,0)
  NonmovingPrunedSegments{} -> 208
#endif
  TickyCounterDef{} -> 210
  TickyCounterSample{} -> 211
  TickyBeginSample{} -> 212
  UnknownEvent t -> fromIntegral t
  _ -> -1

counts :: [Event] -> M.IntMap Int
counts = M.fromListWith (+) . map (\e -> (tagOf (evSpec e), 1))

-- Time between each record that a thread runs and the next one that it stops, capability by capability.
running :: [Event] -> M.IntMap Int
running evs = third (foldl step (M.empty, M.empty, M.empty) (sortOn evTime evs))
  where
    third (_, _, x) = x
    step (threads, since, total) e = case evSpec e of
      RunThread t -> let c = cap e in (M.insert c (fromIntegral t) threads, M.insert c (fromIntegral (evTime e)) since, total)
      StopThread t _ ->
        let c = cap e
         in case (M.lookup c threads, M.lookup c since) of
              (Just t', Just s) | t' == fromIntegral t ->
                (M.delete c threads, M.delete c since, M.insertWith (+) t' (fromIntegral (evTime e) - s) total)
              _ -> (threads, since, total)
      _ -> (threads, since, total)
    cap = maybe (-1) id . evCap

line :: ([Event] -> M.IntMap Int) -> FilePath -> IO ()
line what path = do
  r <- try (readEventLogFromFile path >>= either fail (evaluate . force . what . events . dat))
  putStrLn (path ++ either (\e -> const "" (e :: SomeException)) (concatMap (\(k, n) -> '\t' : show k ++ "=" ++ show n) . M.toList) r)
  where
    force m = M.foldr seq m m

main :: IO ()
main = do
  args <- getArgs
  case args of
    "--threads" : paths -> mapM_ (line running) paths
    paths -> mapM_ (line counts) paths
