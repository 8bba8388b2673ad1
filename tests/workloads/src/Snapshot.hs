-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE OverloadedStrings #-}

-- | The ledger on disk, written by a thread of its own, as the node does in the background.
module Snapshot (takeSnapshots) where

import Block
import Control.Concurrent.STM
import Control.Monad (forever)
import qualified Data.ByteString.Builder as B
import Data.ByteString (ByteString)
import qualified Data.IntMap.Strict as IntMap
import Data.List (intersperse)
import Genesis (nowNs)
import Json (object, real, string)
import Ledger
import System.Directory (createDirectoryIfMissing)
import System.FilePath ((</>))
import System.IO (BufferMode (..), IOMode (..), hSetBuffering, withBinaryFile)
import System.Posix.Files (rename)
import System.Posix.IO (OpenMode (..), closeFd, defaultFileFlags, openFd)
import System.Posix.Unistd (fileSynchronise)
import Trace

-- | Writes each ledger of the queue to DIR/ledger/SLOT, synchronised before it gets its name.
takeSnapshots :: Tracer -> FilePath -> TQueue (Point, Ledger) -> IO ()
takeSnapshots tracer dir queue = do
  createDirectoryIfMissing True (dir </> "ledger")
  forever $ do
    (p, ledger) <- atomically (readTQueue queue)
    begun <- nowNs
    took p (object [("edge", string "Starting")])
    writeLedger (dir </> "ledger" </> show (pointSlot p)) ledger
    done <- nowNs
    took p (object [("edge", real (fromIntegral (done - begun) / 1e9))])
  where
    took p enclosed = trace tracer Info "ChainDB.LedgerEvent.Snapshot.TookSnapshot"
      [ ("enclosedTime", enclosed), ("kind", string ("TookSnapshot" :: ByteString))
      , ("snapshot", object [("kind", string "snapshot")]), ("tip", string (pointText p)) ]

writeLedger :: FilePath -> Ledger -> IO ()
writeLedger path l = do
  withBinaryFile part WriteMode $ \h -> do
    hSetBuffering h (BlockBuffering (Just 65536))
    B.hPutBuilder h (row [B.intDec (ledgerEpoch l)])
    B.hPutBuilder h (foldMap account (IntMap.toAscList (accounts l)))
    B.hPutBuilder h (foldMap out (IntMap.toAscList (utxo l)))
  fd <- openFd part ReadOnly Nothing defaultFileFlags
  fileSynchronise fd
  closeFd fd
  rename part path
  where
    part = path ++ ".part"
    account (n, a) = row [B.intDec n, B.intDec (delegatesTo a), B.doubleDec (rewards a)]
    out (n, o) = row [B.intDec n, B.intDec (owner o), B.intDec (coins o)]
    row cells = mconcat (intersperse (B.char7 ' ') cells) <> B.char7 '\n'
