-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE OverloadedStrings #-}

-- | The node's resource line. NetRd, NetWr and CentiBlkIO are 0 here because they are 0 in the node.
module Resources (traceResources) where

import Control.Concurrent (threadDelay)
import Control.Monad (forever)
import qualified Data.ByteString.Char8 as C
import GHC.Stats
import Json (int, string)
import System.Posix.Unistd (SysVar (ClockTick), getSysVar)
import Trace

-- | A line every second, from the RTS, /proc/self/stat and /proc/self/io.
traceResources :: Tracer -> IO ()
traceResources tracer = do
  ticksPerSecond <- getSysVar ClockTick
  forever $ do
    rts <- getRTSStats
    stat <- afterName <$> C.readFile "/proc/self/stat"
    io <- C.lines <$> C.readFile "/proc/self/io"
    let statField n = maybe 0 fst (C.readInt (stat !! (n - 3)))
        ioField name = maybe 0 fst (lookup name (map (C.break (== ':')) io) >>= C.readInt . C.drop 2)
        centi ns = ns `div` 10000000
    trace tracer Info "Resources"
      [ ("Alloc", int (allocated_bytes rts))
      , ("CentiBlkIO", int (0 :: Int))
      , ("CentiCpu", int ((statField 14 + statField 15) * 100 `div` fromInteger ticksPerSecond))
      , ("CentiGC", int (centi (gc_cpu_ns rts)))
      , ("CentiMut", int (centi (mutator_cpu_ns rts)))
      , ("FsRd", int (ioField "read_bytes"))
      , ("FsWr", int (ioField "write_bytes"))
      , ("GcsMajor", int (major_gcs rts))
      , ("GcsMinor", int (gcs rts - major_gcs rts))
      , ("Heap", int (gcdetails_mem_in_use_bytes (gc rts)))
      , ("Live", int (gcdetails_live_bytes (gc rts)))
      , ("NetRd", int (0 :: Int))
      , ("NetWr", int (0 :: Int))
      , ("RSS", int (statField 24 * 4096))
      , ("Threads", int (statField 20))
      , ("kind", string "ResourceStats") ]
    threadDelay 1000000

-- | The fields of /proc/PID/stat from the third on: the second may hold blanks and parentheses.
afterName :: C.ByteString -> [C.ByteString]
afterName = C.words . C.drop 1 . snd . C.breakEnd (== ')') . (<> " ")
