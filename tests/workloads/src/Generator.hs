-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE OverloadedStrings #-}

-- | Submits transactions to a node, so many a second, until the node goes.
--
-- > tx-generator HOST PORT TXS_A_SECOND STATE_SIZE PADDING
--
-- Each spends an output of the genesis and makes two, so the ledger grows; every fiftieth spends what the one before
-- has spent, so that the mempool has something to reject.
module Main (main) where

import Block
import Control.Concurrent (threadDelay)
import Control.Exception (IOException, try)
import qualified Data.ByteString.Char8 as C
import Json (int, object, real, string)
import Net
import Peers (Message (..))
import System.Environment (getArgs, lookupEnv)
import System.Exit (die)
import Trace

main :: IO ()
main = do
  args <- getArgs
  host <- maybe "generator" id <$> lookupEnv "TRACE_DISPATCHER_LOGGING_HOSTNAME"
  case args of
    [address, port, rate, size, extra] -> withTracer (C.pack host) $ \tracer -> do
      c <- connectPatiently address (read port)
      sent <- submit c (read rate) (read size) (read extra) 0
      trace tracer Info "Benchmark.BenchTxSubSummary"
        [ ("kind", string "TraceBenchTxSubSummary")
        , ("summary", object [("ssTxSent", int sent), ("ssEffectiveTps", real (read rate))]) ]
    _ -> die "usage: tx-generator HOST PORT TXS_A_SECOND STATE_SIZE PADDING"

connectPatiently :: String -> Int -> IO Connection
connectPatiently address port = try (connectTo address port) >>= either again pure
  where again e = const (threadDelay 200000 >> connectPatiently address port) (e :: IOException)

-- | Two bundles a second; gives how many were sent when the node had gone.
submit :: Connection -> Int -> Int -> Int -> Int -> IO Int
submit c rate size extra next
  | next >= size = pure next
  | otherwise = do
      let bundle = takeWhile (< size) [next .. next + max 1 (rate `div` 2) - 1]
      done <- try (sendMessage c (Txs (map (transaction extra) bundle)))
      case done of
        Left e -> const (pure next) (e :: IOException)
        Right () -> threadDelay 500000 >> submit c rate size extra (next + length bundle)

transaction :: Int -> Int -> Tx
transaction extra n = Tx input [TxOut (n + 1) 400000, TxOut (n + 2) 400000] (C.replicate (extra + n `mod` 7) 'x')
  where input = if n `mod` 50 == 49 then n - 1 else n
