-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE OverloadedStrings #-}

-- | Transactions that wait for a block, in the order of their arrival.
module Mempool (Mempool, newMempool, addTxs, removeTxs, snapshot, unknown, newerThan) where

import Block
import Control.Concurrent.MVar
import Control.Concurrent.STM
import Control.Exception (evaluate)
import Control.Monad (forM, unless)
import Data.ByteString (ByteString)
import qualified Data.ByteString.Builder as B
import qualified Data.IntMap.Strict as IntMap
import qualified Data.Set as Set
import Hash
import Json (int, object, string)
import Ledger
import Trace

data Entry = Entry { entryId :: !Hash, entryTx :: !Tx, entrySize :: !Int }

data Pool = Pool
  { waiting :: !(IntMap.IntMap Entry)  -- ^ by ticket
  , nextTicket :: !Int
  , spent :: !(Set.Set Int)
  , seen :: !(Set.Set Hash)            -- ^ whatever was offered, also what was rejected or is in a block by now
  , bytes :: !Int
  }

data Mempool = Mempool { tracer :: !Tracer, var :: !(TVar Pool), writer :: !(MVar ()) }

newMempool :: Tracer -> IO Mempool
newMempool t = Mempool t <$> newTVarIO (Pool IntMap.empty 0 Set.empty Set.empty 0) <*> newMVar ()

-- | Adds what the ledger's outputs allow; says how many were accepted and rejected.
addTxs :: Mempool -> Ledger -> [Tx] -> IO (Int, Int)
addTxs m ledger txs = withMVar (writer m) $ \() -> do
  results <- forM txs $ \tx -> do
    let entry = Entry (txId tx) tx (txSize tx)
    pool <- readTVarIO (var m)
    let fits = not (Set.member (spends tx) (spent pool)) && maybe False (const True) (applyTx ledger tx)
        noted = pool { seen = Set.insert (entryId entry) (seen pool) }
        after = if fits then insert entry noted else noted
    atomically (writeTVar (var m) $! after)
    let named = [sizes after, ("tx", object [("txid", string (shortHex (entryId entry)))])]
        bad = object [("badInput", int (spends tx)), ("kind", string "BadInputsUTxO")]
    if fits
      then trace (tracer m) Info "Mempool.AddedTx" (("kind", string "TraceMempoolAddedTx") : named)
      else trace (tracer m) Info "Mempool.RejectedTx"
             ([("err", bad), ("kind", string "TraceMempoolRejectedTx")] ++ named)
    pure fits
  pure (length (filter id results), length (filter not results))

insert :: Entry -> Pool -> Pool
insert e p = p { waiting = IntMap.insert (nextTicket p) e (waiting p), nextTicket = nextTicket p + 1
               , spent = Set.insert (spends (entryTx e)) (spent p), bytes = bytes p + entrySize e }

sizes :: Pool -> (ByteString, B.Builder)
sizes p = ("mempoolSize", object [("bytes", int (bytes p)), ("numTxs", int (IntMap.size (waiting p)))])

-- | Drops what can't be applied any more because a block was adopted.
removeTxs :: Mempool -> Ledger -> IO ()
removeTxs m ledger = withMVar (writer m) $ \() -> do
  pool <- readTVarIO (var m)
  let (gone, kept) = IntMap.partition (\e -> IntMap.notMember (spends (entryTx e)) (utxo ledger)) (waiting pool)
      after = pool { waiting = kept, spent = Set.fromList (map (spends . entryTx) (IntMap.elems kept))
                   , bytes = sum (map entrySize (IntMap.elems kept)) }
  unless (IntMap.null gone) $ do
    atomically (writeTVar (var m) $! after)
    trace (tracer m) Info "Mempool.RemoveTxs"
      [("kind", string "TraceMempoolRemoveTxs"), sizes after, ("txs", int (IntMap.size gone))]

-- | As many as fit in so many bytes and can be applied one after the other.
snapshot :: Mempool -> Int -> Ledger -> IO [Tx]
snapshot m limit ledger = do
  pool <- readTVarIO (var m)
  let txs = go 0 ledger (IntMap.elems (waiting pool))
  _ <- evaluate (length txs)
  pure txs
  where
    go used l (e : rest)
      | used + entrySize e > limit = []
      | Just l' <- applyTx l (entryTx e) = entryTx e : go (used + entrySize e) l' rest
      | otherwise = go used l rest
    go _ _ [] = []

-- | Those of a peer's transactions that were never offered here.
unknown :: Mempool -> [Tx] -> IO [Tx]
unknown m txs = do
  pool <- readTVarIO (var m)
  pure (filter (\tx -> Set.notMember (txId tx) (seen pool)) txs)

-- | Waits for transactions with a ticket of at least this one; gives the next ticket to ask for.
newerThan :: Mempool -> Int -> STM (Int, [Tx])
newerThan m ticket = do
  pool <- readTVar (var m)
  check (nextTicket pool > ticket)
  let (_, first, later) = IntMap.splitLookup ticket (waiting pool)
  pure (nextTicket pool, map entryTx (maybe id (:) first (IntMap.elems later)))
