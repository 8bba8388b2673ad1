-- SPDX-License-Identifier: Apache-2.0

-- | The constants of a shelley genesis that set the clock, and the arithmetic of slots and epochs.
module Genesis (Genesis (..), readGenesis, slotStart, slotAt, epochOf, sleepUntil, nowNs) where

import Control.Concurrent (threadDelay)
import Control.Monad (when)
import qualified Data.ByteString as S
import Data.Int (Int64)
import Data.Time (UTCTime, defaultTimeLocale, parseTimeM)
import Data.Time.Clock.POSIX (utcTimeToPOSIXSeconds)
import Data.Time.Clock.System (SystemTime (..), getSystemTime)
import qualified Json

data Genesis = Genesis
  { systemStartNs :: !Int64
  , slotLengthNs :: !Int64
  , epochLength :: !Int
  , activeSlotsCoeff :: !Double
  , securityParam :: !Int
  , maxBlockBodySize :: !Int
  }

readGenesis :: FilePath -> IO Genesis
readGenesis path = do
  bytes <- S.readFile path
  either (fail . ((path ++ ": ") ++)) pure (Json.decode bytes >>= fromJson)

fromJson :: Json.Value -> Either String Genesis
fromJson v = do
  start <- Json.field "systemStart" v >>= Json.text >>= utc
  slotSeconds <- num "slotLength"
  epoch <- num "epochLength"
  f <- num "activeSlotsCoeff"
  k <- num "securityParam"
  body <- Json.at ["protocolParams", "maxBlockBodySize"] v >>= Json.number
  when (slotSeconds <= 0 || epoch < 1 || f <= 0 || f > 1 || k < 1) (Left "a constant is out of its range")
  pure (Genesis (nanoseconds start) (round (slotSeconds * 1e9)) (round epoch) f (round k) (round body))
  where
    num key = Json.field key v >>= Json.number
    utc s = maybe (Left ("systemStart: not a time: " ++ s)) Right
      (parseTimeM False defaultTimeLocale "%Y-%m-%dT%H:%M:%SZ" s)
    nanoseconds t = round (utcTimeToPOSIXSeconds (t :: UTCTime) * 1000000000)

slotStart :: Genesis -> Int -> Int64
slotStart g slot = systemStartNs g + fromIntegral slot * slotLengthNs g

-- | The slot of a time; negative before the start of the system.
slotAt :: Genesis -> Int64 -> Int
slotAt g t = fromIntegral ((t - systemStartNs g) `div` slotLengthNs g)

epochOf :: Genesis -> Int -> Int
epochOf g slot = slot `div` epochLength g

nowNs :: IO Int64
nowNs = do
  MkSystemTime s ns <- getSystemTime
  pure (s * 1000000000 + fromIntegral ns)

sleepUntil :: Int64 -> IO ()
sleepUntil t = do
  now <- nowNs
  when (now < t) $ do
    threadDelay (fromIntegral ((t - now) `div` 1000) + 1)
    sleepUntil t
