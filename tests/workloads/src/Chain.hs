-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE OverloadedStrings #-}

-- | The chain a node has adopted, the blocks it knows, and the ledger after each recent block. One thread adds blocks,
-- in the order of a queue; everyone reads the selection.
module Chain
  ( Chain, Selection (..), newChain, runChain, selection, selectionNow, tipNo, tipPoint, prevText
  , addBlock, knows, blockOf, pathTo
  ) where

import Block
import Control.Concurrent.MVar
import Control.Concurrent.STM
import Control.Exception (evaluate)
import Control.Monad (forM_, forever, when)
import Data.ByteString (ByteString)
import qualified Data.ByteString.Builder as B
import qualified Data.ByteString.Char8 as C
import Data.Map.Strict (Map)
import qualified Data.Map.Strict as Map
import Epoch
import Genesis
import Hash
import Json (int, object, string)
import Ledger
import Mempool
import Trace

data Selection = Selection
  { tip :: !(Maybe Block)
  , ledger :: !Ledger
  }

data Chain = Chain
  { tracer :: !Tracer
  , genesis :: !Genesis
  , params :: !Params
  , mempool :: !Mempool
  , snapshots :: !(TQueue (Point, Ledger))
  , queue :: !(TBQueue (Block, MVar ()))
  , selected :: !(TVar Selection)
  , blocks :: !(TVar (Map Hash Block))           -- ^ whose ancestors are all known
  , orphans :: !(TVar (Map Hash [Block]))        -- ^ by the parent they wait for
  , ledgers :: !(TVar (Map (Maybe Hash) Ledger)) -- ^ after recent blocks; Nothing: the genesis
  }

newChain :: Tracer -> Genesis -> Params -> Mempool -> TQueue (Point, Ledger) -> IO Chain
newChain t g p m s = do
  start <- evaluate (genesisLedger p)
  Chain t g p m s <$> newTBQueueIO 1024 <*> newTVarIO (Selection Nothing start) <*> newTVarIO Map.empty
    <*> newTVarIO Map.empty <*> newTVarIO (Map.singleton Nothing start)

selection :: Chain -> STM Selection
selection = readTVar . selected

selectionNow :: Chain -> IO Selection
selectionNow = readTVarIO . selected

tipPoint :: Selection -> Maybe Point
tipPoint = fmap point . tip

prevText :: Selection -> ByteString
prevText = maybe "genesis (origin)" pointText . tipPoint

-- | The number of the adopted block; none at the genesis.
tipNo :: Selection -> Maybe Int
tipNo = fmap (hBlockNo . header) . tip

blockNo :: Maybe Block -> Int
blockNo = maybe (-1) (hBlockNo . header)

-- | Whether the block stands in the tree of known blocks.
knows :: Chain -> Hash -> IO Bool
knows c hash = Map.member hash <$> readTVarIO (blocks c)

blockOf :: Chain -> Hash -> IO (Maybe Block)
blockOf c hash = Map.lookup hash <$> readTVarIO (blocks c)

-- | The blocks from just after the given one (Nothing: the genesis) to the tip, at most so many, oldest first. When the
-- given one is not on the adopted chain they begin as far back as allowed.
pathTo :: Chain -> Int -> Maybe Hash -> STM [Block]
pathTo c limit from = do
  s <- selection c
  known <- readTVar (blocks c)
  pure (go known limit [] (tip s))
  where
    go known n done (Just b)
      | n > 0, Just (hHash (header b)) /= from =
          go known (n - 1) (b : done) (hPrev (header b) >>= (`Map.lookup` known))
    go _ _ done _ = done

-- | Queues a block. The variable is filled when the chain has decided about it.
addBlock :: Chain -> Block -> IO (MVar ())
addBlock c b = do
  decided <- newEmptyMVar
  waiting <- atomically (writeTBQueue (queue c) (b, decided) >> lengthTBQueue (queue c))
  trace (tracer c) Debug "ChainDB.AddBlockEvent.AddedBlockToQueue"
    [("block", pointObject (point b)), ("kind", string "AddedBlockToQueue"), ("queueSize", int waiting)]
  pure decided

pointObject :: Point -> B.Builder
pointObject p = object [("hash", string (toHex (pointHash p))), ("kind", string "Point"), ("slot", int (pointSlot p))]

runChain :: Chain -> IO ()
runChain c = forever $ do
  (b, decided) <- atomically (readTBQueue (queue c))
  store c b
  putMVar decided ()

-- | Puts a block into the tree, with the orphans that waited for it, and considers each as a tip.
store :: Chain -> Block -> IO ()
store c b = do
  known <- readTVarIO (blocks c)
  let h = header b
      connected = maybe True (`Map.member` known) (hPrev h)
  case hPrev h of
    _ | Map.member (hHash h) known -> pure ()
    Just parent | not connected -> atomically (modifyTVar' (orphans c) (Map.insertWith (++) parent [b]))
    _ -> do
      atomically (modifyTVar' (blocks c) (Map.insert (hHash h) b))
      trace (tracer c) Debug "ChainDB.AddBlockEvent.AddedBlockToVolatileDB"
        [ ("block", pointObject (point b)), ("blockNo", string (C.pack (show (hBlockNo h))))
        , ("kind", string "AddedBlockToVolatileDB") ]
      consider c b
      waited <- atomically (stateTVar (orphans c) (takeOut (hHash h)))
      forM_ waited (store c)
  where takeOut k m = (Map.findWithDefault [] k m, Map.delete k m)

-- | Adopts the block when its chain is longer than the adopted one and valid.
consider :: Chain -> Block -> IO ()
consider c b = do
  now <- selectionNow c
  if hBlockNo (header b) <= blockNo (tip now)
    then trace (tracer c) Debug "ChainDB.AddBlockEvent.StoreButDontChange"
           [("block", pointObject (point b)), ("kind", string "StoreButDontChange")]
    else do
      known <- readTVarIO (ledgers c)
      tree <- readTVarIO (blocks c)
      case replay c known tree b of
        Nothing -> trace (tracer c) Error "ChainDB.AddBlockEvent.AddBlockValidation.InvalidBlock"
                     [("block", pointObject (point b)), ("kind", string "InvalidBlock")]
        Just l -> evaluate l >>= adopt c now b

-- | The ledger after a block: from the nearest ancestor whose ledger is kept.
replay :: Chain -> Map (Maybe Hash) Ledger -> Map Hash Block -> Block -> Maybe Ledger
replay c known tree b = do
  before <- case Map.lookup (hPrev (header b)) known of
    Just l -> Just l
    Nothing -> hPrev (header b) >>= (`Map.lookup` tree) >>= replay c known tree
  applyBody (tick (genesis c) (params c) (hSlot (header b)) before) b

adopt :: Chain -> Selection -> Block -> Ledger -> IO ()
adopt c before b l = do
  let extends = hPrev (header b) == fmap (hHash . header) (tip before)
      name = if extends then "AddedToCurrentChain" else "SwitchedToAFork"
      depth = 2 * securityParam (genesis c)
  atomically $ do
    writeTVar (selected c) (Selection (Just b) l)
    path <- pathTo c depth Nothing
    let keep = [Nothing | length path < depth] ++ [Just (hHash (header x)) | x <- maybe id (:) (tip before) path]
    modifyTVar' (ledgers c) (Map.filterWithKey (\k _ -> k `elem` keep) . Map.insert (Just (hHash (header b))) l)
  trace (tracer c) Notice ("ChainDB.AddBlockEvent." <> name)
    [ ("kind", string name)
    , ("newTipSelectView", object [ ("blockNo", int (hBlockNo (header b))), ("issuerHash", string (issuerHash b))
                                  , ("kind", string "PraosTiebreakerView"), ("slotNo", int (hSlot (header b))) ])
    , ("newtip", string (pointText (point b))) ]
  removeTxs (mempool c) l
  when (boundaryCost (params c) > 0 && ledgerEpoch l /= ledgerEpoch (ledger before)) $
    atomically (writeTQueue (snapshots c) (point b, l))
  where issuerHash = C.take 56 . toHex . (\n -> hashWords [fromIntegral n]) . hIssuer . header
