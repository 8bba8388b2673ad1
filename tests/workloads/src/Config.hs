-- SPDX-License-Identifier: Apache-2.0

-- | The node's command line and files. What a real node has no word for stands under "Workload" in config.json.
module Config (Options (..), Config (..), Workload (..), parseOptions, readConfig, readTopology) where

import qualified Data.ByteString as S
import Json (Value)
import qualified Json
import Ledger (Params (..))
import System.FilePath (takeDirectory, (</>))

data Options = Options
  { configFile :: FilePath
  , topologyFile :: FilePath
  , databasePath :: FilePath
  , hostAddr :: String
  , port :: Int
  , shutdownSlot :: Int
  }

data Config = Config { genesisFile :: FilePath, workload :: Workload }

data Workload = Workload { ownPool :: !Int, ledgerParams :: !Params }

parseOptions :: [String] -> IO Options
parseOptions ("run" : args) = do
  pairs <- go args
  let get key = maybe (fail (key ++ ": missing")) pure (lookup key pairs)
  Options <$> get "--config" <*> get "--topology" <*> get "--database-path" <*> get "--host-addr"
    <*> (get "--port" >>= number) <*> (get "--shutdown-on-slot-synced" >>= number)
  where
    go (key : v : rest) = ((key, v) :) <$> go rest
    go [] = pure []
    go [key] = fail (key ++ ": without a value")
    number s = case reads s of
      [(n, "")] -> pure n
      _ -> fail (s ++ ": not a number")
parseOptions _ = fail "usage: cardano-node run --config FILE --topology FILE --database-path DIR --host-addr IP \
                      \--port N --shutdown-on-slot-synced SLOT"

readFileWith :: (Value -> Either String a) -> FilePath -> IO a
readFileWith understand path = do
  bytes <- S.readFile path
  either (fail . ((path ++ ": ") ++)) pure (Json.decode bytes >>= understand)

-- | The genesis is named relative to the file that names it.
readConfig :: FilePath -> IO Config
readConfig path = readFileWith understand path
  where
    understand v = do
      genesis <- Json.field "ShelleyGenesisFile" v >>= Json.text
      w <- Json.field "Workload" v
      let n key = round <$> (Json.field key w >>= Json.number)
      params <- Params <$> n "stateSize" <*> n "pools" <*> n "boundaryCost" <*> n "slotWork" <*> n "seed"
      index <- n "pool"
      pure (Config (takeDirectory path </> genesis) (Workload index params))

-- | The access points of all local roots.
readTopology :: FilePath -> IO [(String, Int)]
readTopology = readFileWith $ \v -> do
  groups <- Json.field "localRoots" v >>= Json.items
  concat <$> mapM (\g -> Json.field "accessPoints" g >>= Json.items >>= mapM accessPoint) groups
  where
    accessPoint v = (,) <$> (Json.field "address" v >>= Json.text) <*> (round <$> (Json.field "port" v >>= Json.number))
