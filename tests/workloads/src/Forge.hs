-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE OverloadedStrings #-}

-- | The forge loop: one pass a slot, with the node's lines in the node's order. A pass that lasts beyond its slot makes
-- the loop miss the next ones; which, it tells the truth file and no trace line.
module Forge (Forger (..), Truth, withTruth, runForge) where

import Block
import Chain
import Control.Concurrent.MVar
import Control.Exception (bracket, evaluate)
import Control.Monad (forM_)
import Data.Bits (xor)
import Data.ByteString (ByteString)
import qualified Data.ByteString.Builder as B
import Data.IORef
import qualified Data.IntMap.Strict as IntMap
import Data.Word (Word64)
import Epoch
import Genesis
import Hash
import Json (int, object, string)
import Ledger
import Mempool
import System.IO (Handle, IOMode (..), hClose, hFlush, openFile)
import Trace

data Forger = Forger
  { tracer :: !Tracer
  , genesis :: !Genesis
  , params :: !Params
  , chain :: !Chain
  , mempool :: !Mempool
  , poolIndex :: !Int
  , truth :: !Truth
  }

-- | What really happened, for whoever checks an analysis: a line a missed slot, and a last one with the totals.
data Truth = Truth !Handle !(IORef Seen)

data Seen = Seen { firstSlot :: !Int, lastSlot :: !Int, started :: !Int, missed :: !Int }

withTruth :: FilePath -> (Truth -> IO a) -> IO a
withTruth path = bracket (Truth <$> openFile path WriteMode <*> newIORef (Seen (-1) (-1) 0 0)) close
  where
    close (Truth h seen) = do
      s <- readIORef seen
      B.hPutBuilder h (object [ ("firstSlot", int (firstSlot s)), ("lastSlot", int (lastSlot s))
                              , ("started", int (started s)), ("missed", int (missed s)) ] <> "\n")
      hClose h

-- | Notes that this slot's pass begins, and so which slots since the last one had none.
note :: Truth -> Genesis -> Int -> IO ()
note (Truth h seen) g slot = do
  s <- readIORef seen
  let lost = if lastSlot s < 0 then [] else [lastSlot s + 1 .. slot - 1]
  forM_ lost $ \n -> B.hPutBuilder h $
    object [("missed", int n), ("epoch", int (epochOf g n)), ("after", int (lastSlot s))] <> "\n"
  hFlush h
  writeIORef seen $! Seen (if firstSlot s < 0 then slot else firstSlot s) slot (started s + 1) (missed s + length lost)

-- | Runs until the slot has come.
runForge :: Forger -> Int -> IO ()
runForge f end = go (-1)
  where
    go previous = do
      sleepUntil (slotStart (genesis f) (previous + 1))
      slot <- slotAt (genesis f) <$> nowNs
      if slot >= end then pure () else do
        note (truth f) (genesis f) slot
        onSlot f slot
        go slot

onSlot :: Forger -> Int -> IO ()
onSlot f slot = do
  say Info "StartLeadershipCheck" "TraceStartLeadershipCheck" []
  now <- selectionNow (chain f)
  let number = maybe 0 ((+ 1) . hBlockNo . header) (tip now)
  trace (tracer f) Debug "Forge.Loop.BlockContext"
    [ ("current slot", int slot), ("kind", string "TraceBlockContext"), ("tip", string (prevText now))
    , ("tipBlockNo", int number) ]
  say Debug "LedgerState" "TraceLedgerState" []
  forecast <- evaluate (tick (genesis f) (params f) slot (ledger now))
  say Debug "LedgerView" "TraceLedgerView" []
  lead <- evaluate (leads f slot (IntMap.findWithDefault 0 (poolIndex f) (poolShares forecast)))
  if lead
    then say Info "NodeIsLeader" "TraceNodeIsLeader" [] >> forgeBlock f slot now number
    else say Info "NodeNotLeader" "TraceNodeNotLeader" []
  where say severity name kind = sayAt f severity name kind slot

sayAt :: Forger -> Severity -> ByteString -> ByteString -> Int -> [(ByteString, B.Builder)] -> IO ()
sayAt f severity name kind slot more =
  trace (tracer f) severity ("Forge.Loop." <> name) ([("kind", string kind)] ++ more ++ [("slot", int slot)])

-- | The lottery: a draw that all nodes could repeat, from as many rounds as the slot's work asks.
leads :: Forger -> Int -> Double -> Bool
leads f slot share = draw < 1 - (1 - activeSlotsCoeff (genesis f)) ** share
  where
    draw = fromIntegral (rounds (slotWork (params f)) start) / fromIntegral (maxBound :: Word64) :: Double
    start = mix (fromIntegral slot * 1000003 + fromIntegral (poolIndex f)) `xor` fromIntegral (seed (params f))
    rounds :: Int -> Word64 -> Word64
    rounds n x = if n <= 0 then mix x else rounds (n - 1) (mix (x + fromIntegral n))

forgeBlock :: Forger -> Int -> Selection -> Int -> IO ()
forgeBlock f slot now number = do
  before <- evaluate (tick (genesis f) (params f) slot (ledger now))
  say Debug "ForgeTickedLedgerState" "TraceForgeTickedLedgerState" [("prev", string (prevText now))]
  txs <- snapshot (mempool f) (maxBlockBodySize (genesis f)) before
  say Debug "ForgingMempoolSnapshot" "TraceForgingMempoolSnapshot"
    [ ("mempoolHash", string (maybe "GenesisHash" toHex prev)), ("mempoolSlot", int slot)
    , ("prev", string (prevText now)) ]
  b <- evaluate (forge slot number (poolIndex f) prev txs)
  let hash = hHash (header b)
  trace (tracer f) Info "Forge.Loop.ForgedBlock"
    [ ("block", string (toHex hash)), ("blockNo", int number), ("blockPrev", string (maybe "GenesisHash" toHex prev))
    , ("kind", string "TraceForgedBlock"), ("slot", int slot) ]
  addBlock (chain f) b >>= takeMVar
  after <- selectionNow (chain f)
  if fmap pointHash (tipPoint after) == Just hash
    then trace (tracer f) Info "Forge.Loop.AdoptedBlock"
           [ ("blockHash", string (toHex hash)), ("blockSize", int (blockSize b)), ("kind", string "TraceAdoptedBlock")
           , ("slot", int slot) ]
    else say Error "DidntAdoptBlock" "TraceDidntAdoptBlock" []
  where
    say severity name kind = sayAt f severity name kind slot
    prev = fmap (hHash . header) (tip now)
