-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE BangPatterns #-}
{-# LANGUAGE OverloadedStrings #-}

-- | A node of the cluster. Takes cardano-node's command line and file names, so that a run of it looks like one.
module Main (main) where

import qualified Chain
import Config
import Control.Concurrent (forkFinally, forkIO, myThreadId)
import Control.Concurrent.MVar (newEmptyMVar, putMVar, takeMVar)
import Control.Concurrent.STM (newTQueueIO)
import Control.Exception (AsyncException (UserInterrupt), throwIO, throwTo, try)
import Control.Monad (forM_, forever, void)
import qualified Data.ByteString.Char8 as C
import Data.Version (showVersion)
import Forge (Forger (Forger), Truth, runForge, withTruth)
import GHC.Conc (labelThread)
import Genesis
import Json (int, list, object, real, string)
import Ledger
import Mempool
import Net (listenOn)
import Peers (Peering (Peering), initiate, serve)
import Resources
import Snapshot
import System.Environment (getArgs, lookupEnv)
import System.Info (arch, compilerName, compilerVersion, os)
import System.Posix.Signals (Handler (Catch), installHandler, sigTERM)
import Trace

main :: IO ()
main = do
  options <- getArgs >>= parseOptions
  config <- readConfig (configFile options)
  genesis <- readGenesis (genesisFile config)
  peers <- readTopology (topologyFile options)
  host <- maybe "node" id <$> lookupEnv "TRACE_DISPATCHER_LOGGING_HOSTNAME"
  self <- myThreadId
  labelThread self "main"
  _ <- installHandler sigTERM (Catch (throwTo self UserInterrupt)) Nothing
  putStrLn ("Node configuration: NodeConfiguration {ncConfigFile = " ++ show (configFile options) ++ "}")
  withTracer (C.pack host) $ \tracer -> withTruth "truth.jsonl" $ \truth ->
    void (try (runNode tracer truth options (workload config) genesis peers) :: IO (Either AsyncException ()))

runNode :: Tracer -> Truth -> Options -> Workload -> Genesis -> [(String, Int)] -> IO ()
runNode tracer truth options work genesis peers = do
  trace tracer Info "Version.NodeVersion"
    [ ("applicationName", string "cardano-node"), ("applicationVersion", string "0.1.0")
    , ("architecture", string (C.pack arch)), ("compilerName", string (C.pack compilerName))
    , ("compilerVersion", string (C.pack (showVersion compilerVersion))), ("osName", string (C.pack os)) ]
  trace tracer Warning "Shutdown.ArmedAt"
    [ ("kind", string "ShutdownArmedAt")
    , ("limit", object [("contents", int (shutdownSlot options)), ("tag", string "ASlot")]) ]
  snapshots <- newTQueueIO
  mempool <- newMempool tracer
  chain <- Chain.newChain tracer genesis params mempool snapshots
  let peering = Peering tracer genesis chain mempool
  listener <- listenOn (hostAddr options) (port options)
  trace tracer Notice "Net.Server.Remote.Started"
    [ ("addresses", list [object [("addr", string (C.pack (hostAddr options))), ("port", string portText)]])
    , ("kind", string "AcceptPolicyTrace") ]
  spawn "resources" (traceResources tracer)
  spawn "ledger metrics" (traceLedger tracer genesis chain (stateSize params))
  spawn "chain selection" (Chain.runChain chain)
  spawn "ledger snapshots" (takeSnapshots tracer (databasePath options) snapshots)
  spawn "server" (serve peering listener)
  forM_ peers $ \peer -> spawn ("peer " ++ fst peer ++ ":" ++ show (snd peer)) (initiate peering peer)
  let self = Forger tracer genesis params chain mempool (ownPool work) truth
  finished <- newEmptyMVar
  forger <- forkFinally (runForge self (shutdownSlot options)) (putMVar finished)
  labelThread forger "forge loop"
  takeMVar finished >>= either throwIO pure
  trace tracer Notice "Shutdown.Requesting"
    [("kind", string "RequestingShutdown"), ("reason", string "the slot of --shutdown-on-slot-synced has come")]
  where
    params = ledgerParams work
    portText = C.pack (show (port options))
    spawn name action = forkIO action >>= (`labelThread` name)

-- | Sizes of the ledger, in the middle of every slot.
traceLedger :: Tracer -> Genesis -> Chain.Chain -> Int -> IO ()
traceLedger tracer genesis chain holders = forever $ do
  slot <- max 0 . slotAt genesis <$> nowNs
  sleepUntil (slotStart genesis slot + slotLengthNs genesis `div` 2)
  now <- Chain.selectionNow chain
  let height = maybe 0 (+ 1) (Chain.tipNo now)
      !unspent = utxoSize (Chain.ledger now)
  trace tracer Info "LedgerMetrics"
    [ ("chainDensity", real (fromIntegral height / fromIntegral (max 1 slot))), ("delegMapSize", int (holders))
    , ("kind", string "LedgerMetrics"), ("slot", int slot), ("utxoSize", int unspent) ]
  sleepUntil (slotStart genesis (slot + 1))
