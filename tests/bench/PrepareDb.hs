{-# LANGUAGE OverloadedStrings #-}
-- SPDX-License-Identifier: Apache-2.0
-- What `locli prepare-db` costs, for a machine without the node's whole build: the same libraries doing the same work in
-- the same order (aeson decodes a line, a table of names finds its interpreter, SQLite prepares, binds, steps and
-- finalises one statement a row, one transaction a file), with types of its own. It reads present names.
--
--     PrepareDb NODE DATABASE LOG
-- Source: cardano-node 0a21a743, bench/locli/src/Cardano/Unlog/{BackendDB,LogObject,LogObjectDB}.hs.
module Main (main) where

import Control.Monad (foldM, forM_, unless, void, zipWithM_)
import Data.Aeson
import Data.Aeson.Types (Parser)
import qualified Data.ByteString as Bytes
import qualified Data.ByteString.Lazy as Lazy
import qualified Data.ByteString.Lazy.Char8 as Chars
import qualified Data.ByteString.Unsafe as Bytes
import qualified Data.Map.Lazy as Map
import Data.Maybe (mapMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Data.Time.Clock (UTCTime, getCurrentTime)
import Data.Time.Clock.POSIX (utcTimeToPOSIXSeconds)
import Foreign hiding (void)
import Foreign.C
import System.Environment (getArgs)
import System.Exit (die)

-- SQLite -----------------------------------------------------------------------------------------------------------

data Database
data Statement

foreign import ccall "sqlite3_open" c_open :: CString -> Ptr (Ptr Database) -> IO CInt
foreign import ccall "sqlite3_close" c_close :: Ptr Database -> IO CInt
foreign import ccall "sqlite3_prepare_v2" c_prepare :: Ptr Database -> CString -> CInt -> Ptr (Ptr Statement) -> Ptr CString -> IO CInt
foreign import ccall "sqlite3_bind_int64" c_bind_integer :: Ptr Statement -> CInt -> Int64 -> IO CInt
foreign import ccall "sqlite3_bind_double" c_bind_real :: Ptr Statement -> CInt -> CDouble -> IO CInt
foreign import ccall "sqlite3_bind_text" c_bind_text :: Ptr Statement -> CInt -> CString -> CInt -> Ptr () -> IO CInt
foreign import ccall "sqlite3_bind_blob" c_bind_blob :: Ptr Statement -> CInt -> CString -> CInt -> Ptr () -> IO CInt
foreign import ccall "sqlite3_step" c_step :: Ptr Statement -> IO CInt
foreign import ccall "sqlite3_finalize" c_finalize :: Ptr Statement -> IO CInt

data Cell = I Int64 | R Double | T Text | B Bytes.ByteString | Missing

check :: String -> CInt -> IO ()
check what code = unless (code `elem` [0, 100, 101]) $ die (what ++ ": SQLite says " ++ show code)

run :: Ptr Database -> Text -> [Cell] -> IO ()
run db sql cells = alloca $ \place -> do
  Bytes.unsafeUseAsCStringLen (Text.encodeUtf8 sql) $ \(at, n) -> c_prepare db at (fromIntegral n) place nullPtr >>= check (Text.unpack sql)
  statement <- peek place
  zipWithM_ (bind statement) [1 ..] cells
  c_step statement >>= check (Text.unpack sql)
  void (c_finalize statement)

bind :: Ptr Statement -> CInt -> Cell -> IO ()
bind s i cell = case cell of
  I v -> c_bind_integer s i v >>= check "bind"
  R v -> c_bind_real s i (realToFrac v) >>= check "bind"
  T v -> Bytes.unsafeUseAsCStringLen (Text.encodeUtf8 v) $ \(at, n) -> c_bind_text s i at (fromIntegral n) transient >>= check "bind"
  B v -> Bytes.unsafeUseAsCStringLen v $ \(at, n) -> c_bind_blob s i at (fromIntegral n) transient >>= check "bind"
  Missing -> pure ()
  where transient = nullPtr `plusPtr` (-1)

-- Lines ------------------------------------------------------------------------------------------------------------

-- A row: its table and its cells behind the time, the body's values as its columns want them.
data Row = Row Text [(Text, Cell)] | Whole Text [Cell] | Counted

data Line = Line UTCTime Text Text Text Text Row

event :: Text -> [(Text, Cell)] -> Row
event cons cells = Row "event" (("cons", T cons) : cells)

txns :: Text -> [(Text, Cell)] -> Row
txns cons cells = Row "txns" (("cons", T cons) : cells)

interpreters :: Map.Map Text (Text -> Object -> Parser Row)
interpreters = Map.fromList
  [ ("Resources", \_ -> resources)
  , ("Forge.Loop.StartLeadershipCheck", \_ o -> three "slot" <$> o .: "slot" <*> o .:? "utxoSize" .!= 0 <*> o .:? "chainDensity" .!= 0)
  , ("Forge.Loop.BlockContext", \_ o -> do
      slot <- o .: "current slot"
      tip <- o .: "tipBlockNo"
      pure (event "LOBlockContext" [("slot", I slot), ("block", I (tip - 1))]))
  , ("Forge.Loop.LedgerState", ofSlot "LOLedgerState"), ("Forge.Loop.LedgerView", ofSlot "LOLedgerView")
  , ("TraceForgeTickedLedgerState", ofSlot "LOTickedLedgerState"), ("TraceForgingMempoolSnapshot", ofSlot "LOMempoolSnapshot")
  , ("Forge.Loop.NodeIsLeader", decided 1), ("Forge.Loop.NodeNotLeader", decided 0)
  , ("Forge.Loop.ForgedBlock", \_ o -> do
      slot <- o .: "slot"
      block <- o .: "blockNo"
      hash <- o .: "block"
      before <- o .: "blockPrev"
      pure (event "LOBlockForged" [("slot", I slot), ("block", I block), ("hash", T (Text.concat [hash, "|", before]))]))
  , ("ChainSync.Client.DownloadedHeader", \_ o -> do
      slot <- o .: "slot"
      block <- o .: "blockNo"
      hash <- o .: "block"
      pure (event "LOChainSyncClientSeenHeader" [("slot", I slot), ("block", I block), ("hash", T hash)]))
  , ("BlockFetch.Client.SendFetchRequest", \_ o -> do
      n <- o .: "length"
      hash <- o .: "head"
      pure (event "LOBlockFetchClientRequested" [("block", I n), ("hash", T hash)]))
  , ("BlockFetch.Client.CompletedBlockFetch", ofBlock "LOBlockFetchClientCompletedFetch")
  , ("BlockFetch.Server.SendBlock", ofBlock "LOBlockFetchServerSending")
  , ("ChainSync.ServerHeader.Update", \_ o -> do
      rising <- o .:? "risingEdge" .!= True
      blocking <- o .:? "blockingRead" .!= True
      back <- o .:? "rollBackTo" :: Parser (Maybe Value)
      hash <- o .: "addBlock"
      pure (if rising && blocking && null back then event "LOChainSyncServerSendHeader" [("hash", T (Text.take 64 hash))] else Counted))
  , ("ChainDB.AddBlockEvent.AddedToCurrentChain", \_ o -> do
      tip <- o .: "newtip"
      n <- o .:? "chainLengthDelta" .!= 1
      pure (event "LOBlockAddedToCurrentChain" [("slot", Missing), ("block", I n), ("hash", T (Text.take 64 tip))]))
  , ("Forge.Loop.AdoptedBlock", \_ o -> do
      hash <- o .: "blockHash"
      size <- o .: "blockSize"
      pure (event "LOBlockAddedToCurrentChain" [("slot", I size), ("block", I 1), ("hash", T hash)]))
  , ("LedgerMetrics", \_ o -> three "ledgermetrics" <$> o .: "slot" <*> o .: "utxoSize" <*> o .: "chainDensity")
  , ("TxSubmission.TxInbound.Collected", \thread o -> do
      n <- o .: "count"
      pure (txns "LOTxsCollected" [("count", I n), ("tid", T thread)]))
  , ("TxSubmission.TxInbound.Processed", \thread o -> do
      n <- o .: "accepted"
      refused <- o .: "rejected"
      pure (txns "LOTxsProcessed" [("count", I n), ("rejected", I refused), ("tid", T thread)]))
  , ("Mempool.AddedTx", mempool), ("Mempool.RemoveTxs", mempool)
  ]
  where
    three table slot utxo density = Whole table [I slot, I utxo, R density]
    ofSlot cons _ o = (\slot -> event cons [("slot", I slot)]) <$> o .: "slot"
    decided is _ o = (\slot -> event "LOTraceLeadershipDecided" [("slot", I slot), ("block", I is)]) <$> o .: "slot"
    ofBlock cons _ o = (\hash -> event cons [("hash", T hash)]) <$> o .: "block"
    mempool _ o = do
      size <- o .: "mempoolSize"
      n <- size .: "numTxs"
      pure (txns "LOMempoolTxs" [("count", I n)])

-- In the order of the columns, then all of it as JSON.
resources :: Object -> Parser Row
resources o = do
  must <- mapM (\k -> (,) k <$> o .: k) ["CentiCpu", "RSS", "Alloc", "CentiGC", "CentiMut", "GcsMajor", "GcsMinor", "Live", "CentiBlkIO", "Threads"]
  can <- mapM (\k -> (,) k <$> o .:? k .!= 0) ["Heap", "NetRd", "NetWr", "FsRd", "FsWr"]
  let all' = must ++ can :: [(Key, Int64)]
      blob = Lazy.toStrict (encode (object (("kind" .= ("ResourceStats" :: Text)) : [k .= v | (k, v) <- all'])))
      field k = maybe Missing I (lookup k all')
  pure (Whole "resource" [field "CentiCpu", field "RSS", field "Heap", field "Alloc", B blob])

instance FromJSON Line where
  parseJSON = withObject "Line" $ \o -> do
    body <- o .: "data"
    ns <- o .: "ns"
    kind <- body .:? "kind" .!= ""
    thread <- o .: "thread"
    let found = case Map.lookup ns interpreters of
          Nothing -> Map.lookup kind interpreters
          given -> given
    Line <$> o .: "at" <*> pure ns <*> pure kind <*> o .: "host" <*> pure thread <*> maybe (pure Counted) (\i -> i thread body) found

-- Rows -------------------------------------------------------------------------------------------------------------

seconds :: UTCTime -> Cell
seconds = R . realToFrac . utcTimeToPOSIXSeconds

put :: Ptr Database -> UTCTime -> Row -> IO ()
put db at row = case row of
  Counted -> pure ()
  Whole table cells -> run db (Text.concat ["INSERT INTO ", table, " VALUES (?", Text.replicate (length cells) ",?", ")"]) (seconds at : cells)
  Row table cells ->
    run db (Text.concat ["INSERT INTO ", table, "(at", Text.concat (map ((",") <>) (map fst cells)), ") VALUES (?", Text.replicate (length cells) ",?", ")"])
      (seconds at : map snd cells)

schema :: [Text]
schema =
  [ "error (msg TEXT NOT NULL, input TEXT)"
  , "summary (name TEXT NOT NULL, lines INTEGER NOT NULL, first_at REAL NOT NULL, last_at REAL NOT NULL, created REAL NOT NULL)"
  , "tracefreq (msg TEXT NOT NULL, count INTEGER NOT NULL)"
  , "resource (at REAL NOT NULL, centi_cpu INTEGER, rss INTEGER, heap INTEGER, alloc INTEGER, as_blob BLOB)"
  , "slot (at REAL NOT NULL, slot INTEGER, utxo_size INTEGER, chain_dens REAL)"
  , "event (at REAL NOT NULL, cons TEXT NOT NULL, slot INTEGER, block INTEGER, hash TEXT)"
  , "txns (at REAL NOT NULL, cons TEXT NOT NULL, count INTEGER, rejected INTEGER, tid TEXT)"
  , "ledgermetrics (at REAL NOT NULL, slot INTEGER, utxo_size INTEGER, chain_dens REAL)"
  ]

one :: Ptr Database -> Map.Map Text Int64 -> Lazy.ByteString -> IO (Map.Map Text Int64)
one db counts text = case eitherDecode text of
  Left why -> counts <$ run db "INSERT INTO error VALUES (?,?)" [T (Text.pack why), T (Text.pack (Chars.unpack text))]
  Right (Line at ns kind _ _ row) -> do
    put db at row
    pure $! Map.alter (Just . maybe 1 succ) (Text.concat [ns, ":", kind]) counts

main :: IO ()
main = do
  args <- getArgs
  (node, path, file) <- case args of
    [a, b, c] -> pure (a, b, c)
    _ -> die "PrepareDb NODE DATABASE LOG"
  db <- alloca $ \place -> withCString path (`c_open` place) >>= check path >> peek place
  forM_ schema $ \table -> run db ("CREATE TABLE " <> table) []
  run db "BEGIN" []
  counts <- Lazy.readFile file >>= foldM (one db) Map.empty . Chars.lines
  run db "COMMIT" []
  forM_ (Map.toAscList counts) $ \(name, n) -> run db "INSERT INTO tracefreq VALUES (?,?)" [T name, I n]
  now <- getCurrentTime
  times <- (\l -> [at | Line at _ _ _ _ _ <- mapMaybe decode l]) <$> sequence [firstLine, lastLine file]
  run db "INSERT INTO summary VALUES (?,?,?,?,?)"
    [T (Text.pack node), I (sum counts), seconds (head times), seconds (last times), seconds now]
  void (c_close db)
  where
    firstLine = getArgs >>= \a -> head . Chars.lines <$> Lazy.readFile (last a)
    lastLine file = last . Chars.lines <$> Lazy.readFile file
