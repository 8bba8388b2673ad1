-- SPDX-License-Identifier: Apache-2.0
-- Plumbing: its costs belong to whoever calls it.
{-# OPTIONS_GHC -fno-prof-auto #-}

-- | 256-bit names for blocks and transactions. Well mixed, not cryptographic: nothing here has an adversary.
module Hash (Hash (..), hashWords, hashBytes, mix, toHex, shortHex) where

import Data.Binary (Binary (..))
import Data.Bits (shiftR, xor)
import Data.ByteString (ByteString)
import qualified Data.ByteString as S
import qualified Data.ByteString.Builder as B
import qualified Data.ByteString.Lazy as L
import Data.List (foldl')
import Data.Word (Word64)

data Hash = Hash !Word64 !Word64 !Word64 !Word64
  deriving (Eq, Ord)

instance Show Hash where
  show = show . toHex

instance Binary Hash where
  put (Hash a b c d) = put a >> put b >> put c >> put d
  get = Hash <$> get <*> get <*> get <*> get

-- | The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
mix :: Word64 -> Word64
mix z0 = z2 `xor` (z2 `shiftR` 31)
  where
    z1 = (z0 `xor` (z0 `shiftR` 30)) * 0xbf58476d1ce4e5b9
    z2 = (z1 `xor` (z1 `shiftR` 27)) * 0x94d049bb133111eb

hashWords :: [Word64] -> Hash
hashWords ws = Hash (lane 1) (lane 2) (lane 3) (lane 4)
  where lane k = foldl' (\h w -> mix (h `xor` w) + k * 0x9e3779b97f4a7c15) k ws

-- | FNV-1a over the bytes, then 'hashWords'.
hashBytes :: ByteString -> Hash
hashBytes bytes = hashWords [S.foldl' step 0xcbf29ce484222325 bytes, fromIntegral (S.length bytes)]
  where step h b = (h `xor` fromIntegral b) * 0x100000001b3

toHex :: Hash -> ByteString
toHex (Hash a b c d) = L.toStrict (B.toLazyByteString (foldMap B.word64HexFixed [a, b, c, d]))

shortHex :: Hash -> ByteString
shortHex = S.take 8 . toHex
