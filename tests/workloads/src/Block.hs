-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE OverloadedStrings #-}

-- | Transactions and blocks, and how they travel.
module Block
  ( Tx (..), TxOut (..), Block (..), Header (..), Point (..)
  , txId, outputKey, txSize, forge, header, point, blockSize, pointText
  ) where

import Data.Binary (Binary (..), encode)
import Data.ByteString (ByteString)
import qualified Data.ByteString.Char8 as C
import qualified Data.ByteString.Lazy as L
import Data.Bits (shiftR)
import Data.Word (Word64)
import Hash

data TxOut = TxOut { owner :: !Int, coins :: !Int }

-- | Spends one unspent output, known by its key.
data Tx = Tx { spends :: !Int, outputs :: [TxOut], padding :: !ByteString }

data Header = Header { hSlot :: !Int, hBlockNo :: !Int, hIssuer :: !Int, hHash :: !Hash, hPrev :: !(Maybe Hash) }

data Block = Block { blockHeader :: !Header, body :: [Tx], bodySize :: !Int }

data Point = Point { pointSlot :: !Int, pointHash :: !Hash }
  deriving (Eq)

instance Binary TxOut where
  put (TxOut a c) = put a >> put c
  get = TxOut <$> get <*> get

instance Binary Tx where
  put (Tx s o p) = put s >> put o >> put p
  get = Tx <$> get <*> get <*> get

instance Binary Header where
  put (Header s n i h p) = put s >> put n >> put i >> put h >> put p
  get = Header <$> get <*> get <*> get <*> get <*> get

instance Binary Block where
  put (Block h b n) = put h >> put b >> put n
  get = Block <$> get <*> get <*> get

txId :: Tx -> Hash
txId tx = hashBytes (L.toStrict (encode tx))

-- | The key of a transaction's n-th output. Keys of the genesis are small, these are not.
outputKey :: Hash -> Int -> Int
outputKey (Hash a _ _ _) n = fromIntegral (mix (a + fromIntegral n) `shiftR` 1)

txSize :: Tx -> Int
txSize = fromIntegral . L.length . encode

forge :: Int -> Int -> Int -> Maybe Hash -> [Tx] -> Block
forge slot number issuer prev txs = Block (Header slot number issuer hash prev) txs size
  where
    bytes = L.toStrict (encode txs)
    size = C.length bytes
    Hash a b _ _ = hashBytes bytes
    word n = fromIntegral n :: Word64
    hash = hashWords ([a, b, word slot, word number, word issuer] ++ maybe [] (\(Hash p q r s) -> [p, q, r, s]) prev)

header :: Block -> Header
header = blockHeader

point :: Block -> Point
point b = Point (hSlot (header b)) (hHash (header b))

-- | Of the header and the body together, as sent.
blockSize :: Block -> Int
blockSize b = bodySize b + fromIntegral (L.length (encode (header b)))

-- | As the node writes it: hash\@slot.
pointText :: Point -> ByteString
pointText (Point slot hash) = toHex hash <> "@" <> C.pack (show slot)
