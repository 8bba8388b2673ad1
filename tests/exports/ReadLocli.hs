{-# LANGUAGE OverloadedStrings #-}
-- SPDX-License-Identifier: Apache-2.0
-- Reads what weir leaves for locli as locli would: with aeson, into types of its own. They are written anew from what the
-- files must hold, not copied: a log manifest, the lines of a filtered log and of the hash timeline, trace frequencies.
--
--     ReadLocli manifest FILE | lines FILE | frequencies FILE
module Main (main) where

import Control.Monad (forM_, unless, when)
import Data.Aeson
import Data.Aeson.Types (Parser, parseEither)
import qualified Data.Aeson.Key as Key
import qualified Data.Aeson.KeyMap as KeyMap
import qualified Data.ByteString.Char8 as Bytes
import qualified Data.ByteString.Lazy as Lazy
import qualified Data.Map.Strict as Map
import Data.Maybe (isNothing)
import Data.Text (Text)
import qualified Data.Text as Text
import Data.Time.Clock (UTCTime)
import Data.Word (Word64)
import System.Environment (getArgs)
import System.Exit (die)

-- The manifest -----------------------------------------------------------------------------------------------------

data ProfileEntry = ProfileEntry Text Text Text Double Double

instance FromJSON ProfileEntry where
  parseJSON = withObject "ProfileEntry" $ \o ->
    ProfileEntry <$> o .: "peFunc" <*> o .: "peModule" <*> o .: "peSrcLoc" <*> o .: "peTime" <*> o .: "peAlloc"

data HostLogs = HostLogs
  { rawLogfiles :: [FilePath]
  , rawLines :: Int
  , rawTraceFreqs :: Map.Map Text Int
  , logs :: (FilePath, Maybe Value)
  , profile :: [ProfileEntry]
  , firstAt :: Maybe UTCTime
  , lastAt :: Maybe UTCTime
  }

instance FromJSON HostLogs where
  parseJSON = withObject "HostLogs" $ \o ->
    HostLogs <$> o .: "hlRawLogfiles" <*> o .: "hlRawLines" <*> o .: "hlRawTraceFreqs" <*> o .: "hlLogs"
             <*> o .: "hlProfile" <*> o .:? "hlRawFirstAt" <*> o .:? "hlRawLastAt"

data RunLogs = RunLogs (Map.Map Text HostLogs) UTCTime

instance FromJSON RunLogs where
  parseJSON = withObject "RunLogs" $ \o -> RunLogs <$> o .: "rlHostLogs" <*> o .: "rlFilterDate"

-- One trace --------------------------------------------------------------------------------------------------------

-- What a line says, as far as it is interpreted under present names; the rest is only counted.
data Trace
  = Resources (Map.Map Text Word64)
  | Start Word64 Word64 Double
  | Context Word64 Word64
  | OfSlot Word64
  | Decided Word64 Bool
  | Forged Word64 Word64 Text Text
  | Seen Word64 Word64 Text
  | Requested Text Int
  | OfBlock Text
  | Announced
  | Added Text Int
  | Adopted Text Int
  | Ledger Word64 Word64 Double
  | Collected Word64
  | Processed Word64 Int
  | Mempool Word64
  | Counted
  deriving (Show)

data Line = Line UTCTime Text Text Text Text Trace

namespace :: Value -> Parser Text
namespace (String t) = pure t
namespace (Array v) | [String t] <- foldr (:) [] v = pure t
namespace _ = fail "ns is neither a string nor an array of one"

blockNumber :: Value -> Parser Word64
blockNumber (Object o) = o .: "unBlockNo"
blockNumber v = parseJSON v

interpreter :: Text -> Maybe (Object -> Parser Trace)
interpreter name = Map.lookup name table
  where
    table = Map.fromList
      [ ("Resources", resources)
      , ("Forge.Loop.StartLeadershipCheck", \o -> Start <$> o .: "slot" <*> o .:? "utxoSize" .!= 0 <*> o .:? "chainDensity" .!= 0)
      , ("Forge.Loop.BlockContext", \o -> Context <$> o .: "current slot" <*> o .: "tipBlockNo")
      , ("Forge.Loop.LedgerState", slot), ("Forge.Loop.LedgerView", slot)
      , ("Forge.Loop.NodeIsLeader", \o -> flip Decided True <$> o .: "slot")
      , ("Forge.Loop.NodeNotLeader", \o -> flip Decided False <$> o .: "slot")
      , ("Forge.Loop.ForgedBlock", \o -> Forged <$> o .: "slot" <*> o .: "blockNo" <*> o .: "block" <*> o .: "blockPrev")
      , ("ChainSync.Client.DownloadedHeader", \o -> Seen <$> o .: "slot" <*> (o .: "blockNo" >>= blockNumber) <*> o .: "block")
      , ("BlockFetch.Client.SendFetchRequest", \o -> Requested <$> o .: "head" <*> o .: "length")
      , ("BlockFetch.Client.CompletedBlockFetch", \o -> OfBlock <$> o .: "block")
      , ("BlockFetch.Server.SendBlock", \o -> OfBlock <$> o .: "block")
      , ("ChainSync.ServerHeader.Update", const (pure Announced))
      , ("ChainDB.AddBlockEvent.AddedToCurrentChain", \o -> Added <$> o .: "newtip" <*> o .:? "chainLengthDelta" .!= 1)
      , ("Forge.Loop.AdoptedBlock", \o -> Adopted <$> o .: "blockHash" <*> o .: "blockSize")
      , ("LedgerMetrics", \o -> Ledger <$> o .: "slot" <*> o .: "utxoSize" <*> o .: "chainDensity")
      , ("TxSubmission.TxInbound.Collected", \o -> Collected <$> o .: "count")
      , ("TxSubmission.TxInbound.Processed", \o -> Processed <$> o .: "accepted" <*> o .: "rejected")
      , ("Mempool.AddedTx", mempool), ("Mempool.RemoveTxs", mempool)
      ]
    slot o = OfSlot <$> o .: "slot"
    mempool o = do { size <- o .: "mempoolSize"; Mempool <$> size .: "numTxs" }
    resources o = do
      must <- mapM (\k -> (,) (Key.toText k) <$> o .: k)
        ["CentiCpu", "CentiGC", "CentiMut", "GcsMajor", "GcsMinor", "Alloc", "Live", "RSS", "CentiBlkIO", "Threads"]
      can <- mapM (\k -> (,) (Key.toText k) <$> o .:? k .!= 0) ["Heap", "NetRd", "NetWr", "FsRd", "FsWr"]
      pure (Resources (Map.fromList (must ++ can)))

instance FromJSON Line where
  parseJSON = withObject "Line" $ \o -> do
    ns <- o .: "ns" >>= namespace
    given <- o .: "data"
    wrapped <- given .:? "val"
    let payload = case wrapped of
          Just (Object inner) | KeyMap.member "credentials" given, isNothing (KeyMap.lookup "kind" given) -> inner
          _ -> given
    kind <- payload .:? "kind" .!= ""
    Line <$> o .: "at" <*> pure ns <*> pure kind <*> o .: "thread" <*> o .: "host"
         <*> maybe (pure Counted) ($ payload) (interpreter ns)

-- Checks -----------------------------------------------------------------------------------------------------------

load :: FromJSON a => FilePath -> IO a
load path = Lazy.readFile path >>= either (\e -> die (path ++ ": " ++ e)) pure . eitherDecode

manifest :: FilePath -> IO ()
manifest path = do
  RunLogs hosts _ <- load path
  when (Map.null hosts) $ die "no hosts"
  forM_ (Map.toList hosts) $ \(name, h) -> do
    let is ending = Text.isSuffixOf ending (Text.pack (fst (logs h)))
    unless (is ".flt.json" || is ".sqlite3") $ die (path ++ ": hlLogs of another kind")
    when (null (rawLogfiles h)) $ die "no raw log files"
    putStrLn $ unwords ["host", Text.unpack name, show (rawLines h), show (sum (rawTraceFreqs h)), show (length (profile h)),
                        maybe "-" show (firstAt h), maybe "-" show (lastAt h)]

-- How many lines of each `ns:kind` aeson reads, and how many it refuses.
lines' :: FilePath -> IO ()
lines' path = do
  text <- Bytes.readFile path
  let results = [(l, eitherDecodeStrict' l >>= parseEither parseJSON) | l <- Bytes.lines text] :: [(Bytes.ByteString, Either String Line)]
      counts = Map.fromListWith (+) [(Text.concat [ns, ":", kind], 1 :: Int) | (_, Right (Line _ ns kind _ _ _)) <- results]
      rss = sum [Map.findWithDefault 0 "RSS" r | (_, Right (Line _ _ _ _ _ (Resources r))) <- results]
      network = sum [Map.findWithDefault 0 "NetRd" r + Map.findWithDefault 0 "NetWr" r | (_, Right (Line _ _ _ _ _ (Resources r))) <- results]
  putStrLn $ unwords ["refused", show (length [() | (_, Left _) <- results])]
  putStrLn $ unwords ["resources", show rss, show network]
  forM_ (Map.toList counts) $ \(name, n) -> putStrLn (unwords ["count", Text.unpack name, show n])

frequencies :: FilePath -> IO ()
frequencies path = do
  counts <- load path :: IO (Map.Map Text Int)
  forM_ (Map.toList counts) $ \(name, n) -> putStrLn (unwords ["count", Text.unpack name, show n])

main :: IO ()
main = do
  args <- getArgs
  case args of
    ["manifest", path] -> manifest path
    ["lines", path] -> lines' path
    ["frequencies", path] -> frequencies path
    _ -> die "ReadLocli manifest FILE | lines FILE | frequencies FILE"
