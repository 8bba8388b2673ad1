-- SPDX-License-Identifier: Apache-2.0
{-# OPTIONS_GHC -fno-prof-auto -fprof-auto-exported #-}
{-# LANGUAGE OverloadedStrings #-}

-- | Trace lines in cardano-node's machine format: one JSON object a line with the keys at, ns, data, sev, thread, host.
-- The time is that of the call; a thread of its own writes, so that a slow reader delays no forge loop before the
-- queue is full.
module Trace (Tracer, Severity (..), withTracer, trace) where

import Control.Concurrent (ThreadId, forkIO, myThreadId)
import Control.Concurrent.MVar (newEmptyMVar, putMVar, takeMVar)
import Control.Concurrent.STM
import Control.Exception (finally)
import Control.Monad (unless)
import Data.ByteString (ByteString)
import qualified Data.ByteString.Builder as B
import qualified Data.ByteString.Char8 as C
import Data.Time.Calendar (addDays, fromGregorian, toGregorian)
import Data.Time.Clock.System (SystemTime (..), getSystemTime)
import GHC.Conc (labelThread)
import Json (object, string)
import System.IO (Handle, hFlush, stdout)

data Severity = Debug | Info | Notice | Warning | Error
  deriving (Show)

data Tracer = Tracer !ByteString !(TBQueue (Maybe B.Builder))

-- | Gives the action a tracer of the named host; all lines are on stdout when it returns.
withTracer :: ByteString -> (Tracer -> IO a) -> IO a
withTracer host action = do
  queue <- newTBQueueIO 2048
  done <- newEmptyMVar
  writer <- forkIO (writeLines queue stdout `finally` putMVar done ())
  labelThread writer "trace writer"
  action (Tracer host queue) `finally` (atomically (writeTBQueue queue Nothing) >> takeMVar done)

writeLines :: TBQueue (Maybe B.Builder) -> Handle -> IO ()
writeLines queue out = do
  next <- atomically (readTBQueue queue)
  case next of
    Nothing -> hFlush out
    Just line -> do
      B.hPutBuilder out line
      idle <- atomically (isEmptyTBQueue queue)
      unless (not idle) (hFlush out)
      writeLines queue out

trace :: Tracer -> Severity -> ByteString -> [(ByteString, B.Builder)] -> IO ()
trace (Tracer host queue) severity namespace payload = do
  now <- getSystemTime
  thread <- myThreadId
  atomically . writeTBQueue queue . Just $ object
    [ ("at", B.char7 '"' <> iso8601 now <> B.char7 '"')
    , ("ns", string namespace)
    , ("data", object payload)
    , ("sev", string (C.pack (show severity)))
    , ("thread", string (threadNumber thread))
    , ("host", string host)
    ] <> B.char7 '\n'

threadNumber :: ThreadId -> ByteString
threadNumber = C.pack . drop (length ("ThreadId " :: String)) . show

-- | UTC with up to nine digits of a second, without zeros at the end.
iso8601 :: SystemTime -> B.Builder
iso8601 (MkSystemTime seconds nanoseconds) =
  B.integerDec year <> dash <> two month <> dash <> two day <> B.char7 'T'
    <> two (inDay `div` 3600) <> colon <> two (inDay `div` 60 `mod` 60) <> colon <> two (inDay `mod` 60)
    <> fraction <> B.char7 'Z'
  where
    (days, inDay) = fromIntegral seconds `divMod` (86400 :: Int)
    (year, month, day) = toGregorian (addDays (toInteger days) (fromGregorian 1970 1 1))
    dash = B.char7 '-'
    colon = B.char7 ':'
    two n = (if n < 10 then B.char7 '0' else mempty) <> B.intDec n
    digits = let s = show nanoseconds in replicate (9 - length s) '0' ++ s
    fraction = case reverse (dropWhile (== '0') (reverse digits)) of
      "" -> mempty
      kept -> B.char7 '.' <> B.string7 kept
