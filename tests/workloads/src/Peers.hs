-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE OverloadedStrings #-}

-- | What nodes say to each other. As between real nodes, blocks flow from the responder of a connection to its
-- initiator, transactions the other way.
module Peers (Peering (..), Message (..), serve, initiate) where

import Block
import Chain
import Control.Concurrent (forkIO, killThread, myThreadId, threadDelay)
import Control.Concurrent.STM
import Control.Exception (IOException, finally, try)
import Control.Monad (forM_, forever, unless, void, when)
import Data.Binary (Binary (..), getWord8, putWord8)
import qualified Data.ByteString.Builder as B
import Data.ByteString (ByteString)
import qualified Data.ByteString.Char8 as C
import qualified Data.Set as Set
import GHC.Conc (labelThread)
import Genesis
import Hash
import Json (bool, int, object, real, string)
import Mempool
import Net
import System.IO (hClose)
import System.Posix.Types (Fd)
import Trace

data Message
  = RollForward !Header !Int  -- ^ a block of the responder's chain, and its size
  | RequestBlock !Hash
  | SendBlock !Block
  | Txs [Tx]

instance Binary Message where
  put (RollForward h n) = putWord8 0 >> put h >> put n
  put (RequestBlock h) = putWord8 1 >> put h
  put (SendBlock b) = putWord8 2 >> put b
  put (Txs ts) = putWord8 3 >> put ts
  get = getWord8 >>= \tag -> case tag of
    0 -> RollForward <$> get <*> get
    1 -> RequestBlock <$> get
    2 -> SendBlock <$> get
    3 -> Txs <$> get
    _ -> fail "unknown message"

data Peering = Peering
  { tracer :: !Tracer
  , genesis :: !Genesis
  , chain :: !Chain
  , mempool :: !Mempool
  }

peerOf :: Connection -> (ByteString, B.Builder)
peerOf c = ("peer", object [("connectionId", string (C.pack (local c ++ " " ++ remote c)))])

-- | Runs both halves of a conversation; when the first ends, so does the other, and the connection.
converse :: Connection -> String -> IO () -> IO () -> IO ()
converse c name listening speaking = do
  speaker <- forkIO (void (try speaking :: IO (Either IOException ())))
  labelThread speaker (name ++ " out " ++ remote c)
  self <- myThreadId
  labelThread self (name ++ " in " ++ remote c)
  listening `finally` (killThread speaker >> hClose (stream c))

-- | Answers everyone who connects.
serve :: Peering -> Fd -> IO ()
serve p listener = forever $ do
  c <- acceptFrom listener
  trace (tracer p) Info "Net.InboundGovernor.Remote.NewConnection"
    [peerOf c, ("kind", string "NewConnection"), ("provenance", string "Inbound")]
  forkIO (void (try (converse c "responder" (answer p c) (announce p c Nothing)) :: IO (Either IOException ())))

answer :: Peering -> Connection -> IO ()
answer p c = receiveMessage c >>= \message -> case message of
  Just (RequestBlock hash) -> do
    found <- blockOf (chain p) hash
    forM_ found $ \b -> do
      trace (tracer p) Info "BlockFetch.Server.SendBlock"
        [("block", string (toHex hash)), ("kind", string "BlockFetchServer"), peerOf c]
      sendMessage c (SendBlock b)
    answer p c
  Just (Txs txs) -> collect p txs >> answer p c
  Just _ -> answer p c
  Nothing -> pure ()

collect :: Peering -> [Tx] -> IO ()
collect p offered = do
  txs <- unknown (mempool p) offered
  unless (null txs) $ do
    trace (tracer p) Debug "TxSubmission.TxInbound.Collected"
      [("count", int (length txs)), ("kind", string "TxSubmissionCollected")]
    now <- selectionNow (chain p)
    (accepted, rejected) <- addTxs (mempool p) (ledger now) txs
    trace (tracer p) Debug "TxSubmission.TxInbound.Processed"
      [("accepted", int accepted), ("kind", string "TxSubmissionProcessed"), ("rejected", int rejected)]

-- | Tells the initiator of every block of the adopted chain, from the last one it was told of.
announce :: Peering -> Connection -> Maybe Hash -> IO ()
announce p c told = do
  (now, path) <- atomically $ do
    s <- selection (chain p)
    check (fmap pointHash (tipPoint s) /= told)
    path <- pathTo (chain p) (2 * securityParam (genesis p)) told
    pure (s, path)
  forM_ path $ \b -> do
    trace (tracer p) Info "ChainSync.ServerHeader.Update"
      [ ("addBlock", string (pointText (point b))), ("blockingRead", bool True)
      , ("kind", string "ChainSyncServer.Update"), peerOf c, ("risingEdge", bool True), ("tip", tipObject (header b)) ]
    sendMessage c (RollForward (header b) (blockSize b))
  announce p c (fmap pointHash (tipPoint now))
  where
    tipObject h = object
      [("block", string (toHex (hHash h))), ("blockNo", int (hBlockNo h)), ("slot", int (hSlot h))]

-- | Connects, again and again until it succeeds and again when the connection is lost.
initiate :: Peering -> (String, Int) -> IO ()
initiate p (host, port) = forever $ do
  attempt <- try (connectTo host port)
  case attempt of
    Left e -> trace (tracer p) Warning "Net.PeerSelection.Actions.ConnectionError"
      [("error", string (C.pack (show (e :: IOException)))), ("kind", string "AcquireConnectionError")]
    Right c -> do
      trace (tracer p) Info "Net.ConnectionManager.Remote.Connect"
        [("connectionId", string (C.pack (local c ++ " " ++ remote c))), ("kind", string "Connect")]
      gone <- try (converse c "initiator" (follow p c Set.empty) (submit p c 0))
      either (\e -> const (pure ()) (e :: IOException)) pure gone
  threadDelay 250000

-- | Fetches what the responder announces. Blocks that were asked for and have not come yet are asked for once.
follow :: Peering -> Connection -> Set.Set Hash -> IO ()
follow p c asked = receiveMessage c >>= \message -> case message of
  Just (RollForward h _) -> do
    trace (tracer p) Info "ChainSync.Client.DownloadedHeader"
      [ ("block", string (toHex (hHash h))), ("blockNo", int (hBlockNo h)), ("kind", string "DownloadedHeader")
      , peerOf c, ("slot", int (hSlot h)) ]
    fetch (hHash h) asked >>= follow p c
  Just (SendBlock b) -> do
    now <- nowNs
    let h = header b
    trace (tracer p) Info "BlockFetch.Client.CompletedBlockFetch"
      [ ("block", string (toHex (hHash h))), ("delay", real (sinceSlot now h)), ("kind", string "CompletedBlockFetch")
      , peerOf c, ("size", int (blockSize b)) ]
    _ <- addBlock (chain p) b
    let rest = Set.delete (hHash h) asked
    maybe (pure rest) (`fetch` rest) (hPrev h) >>= follow p c
  Just _ -> follow p c asked
  Nothing -> pure ()
  where
    sinceSlot now h = fromIntegral (now - slotStart (genesis p) (hSlot h)) / 1e9
    fetch hash pending = do
      known <- knows (chain p) hash
      if known || Set.member hash pending then pure pending else do
        trace (tracer p) Info "BlockFetch.Client.SendFetchRequest"
          [("head", string (toHex hash)), ("kind", string "SendFetchRequest"), ("length", int (1 :: Int)), peerOf c]
        sendMessage c (RequestBlock hash)
        pure (Set.insert hash pending)

submit :: Peering -> Connection -> Int -> IO ()
submit p c ticket = do
  (next, txs) <- atomically (newerThan (mempool p) ticket)
  when (not (null txs)) (sendMessage c (Txs txs))
  submit p c next
